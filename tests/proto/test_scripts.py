"""The scripts that are no transitions: presence of a program, the sweeper's fenced lease of a bucket and its chores, managed
computers, notes, sign-ins, the beginning of an event stream."""

import json

from house import DAY, HOUR, digest, new_id


def test_the_newest_socket_holds_the_presence(house):
    """S-8: a program that redials is online once; the old socket's end does not take it offline."""
    sid, _, _ = house.create()
    assert house.run("presence", sid, "open", "relay-1/1")[0] == 1
    assert house.run("presence", sid, "renew", "relay-1/1")[0] == 1
    assert house.run("presence", sid, "open", "relay-2/9")[0] == 1
    assert house.run("presence", sid, "renew", "relay-1/1")[0] == 0
    assert house.run("presence", sid, "close", "relay-1/1", "connection_lost")[0] == 1
    assert house.redis.hget(house.key("presence", sid), "node") == "relay-2/9"
    assert house.record(sid)["last_state"] == "connection_lost", "the old socket's end is not the program's"
    house.run("presence", sid, "close", "relay-2/9", "reboot")
    assert not house.redis.exists(house.key("presence", sid)) and int(house.record(sid)["last_online"]) <= house.now()
    assert house.record(sid)["last_state"] == "reboot"
    feed = house.redis.xrange(house.key("feed", house.company))
    told = [fields["t"] for _, fields in feed if fields["t"].startswith("presence.")]
    assert told == ["presence.online", "presence.online", "presence.offline"]


def test_presence_ends_by_itself_and_a_renewal_brings_it_back(house):
    """A relay that dies leaves no program online for longer than 30 s."""
    sid, _, _ = house.create()
    house.run("presence", sid, "open", "relay-1/1")
    assert 0 < house.redis.pttl(house.key("presence", sid)) <= 30000
    house.redis.delete(house.key("presence", sid))
    assert house.run("presence", sid, "renew", "relay-1/1")[0] == 1


def test_nobody_is_online_without_a_session(house):
    """A record that is gone is not made again by a socket."""
    for verb in ("open", "renew", "close"):
        assert house.run("presence", "x" * 26, verb, "relay-1/1", "connection_lost")[0] == 0
    assert not house.redis.exists(house.key("session", "x" * 26))


class Sweeper:
    def __init__(self, house, name):
        self.house, self.name = house, name

    def script(self, script, *arguments):
        return self.house.run_at(script, self.house.key("lease"), self.name, *arguments)[0]

    def lease(self):
        return self.script("sweep_lease", 3000)


def test_one_sweeper_holds_a_bucket_and_a_successor_has_a_higher_epoch(house):
    """DESIGN 2: fenced leases. The old holder's epoch is worth nothing once another has taken over."""
    a, b = Sweeper(house, "a"), Sweeper(house, "b")
    assert (a.lease(), b.lease(), a.lease()) == (1, 0, 1)
    house.pass_time(3001)
    assert (b.lease(), a.lease()) == (2, 0)
    house.create()
    ((entry, _),) = house.redis.xrange(house.key("outbox"))
    assert a.script("sweep_trim", 1, 0, entry) == -1 and house.redis.xlen(house.key("outbox")) == 1
    assert b.script("sweep_trim", 1, 0, entry) == -1
    assert b.script("sweep_trim", 2, 0, entry) == 1 and house.redis.xlen(house.key("outbox")) == 0
    assert b.script("sweep_trim", 2, 0, entry) == 0


def test_due_members_are_handed_out_to_the_holder_and_asked_for_again(house):
    """What is due comes to the holder of the lease only, and again after the retry time until its owner has moved it."""
    a = Sweeper(house, "a")
    epoch = a.lease()
    sid, _, _ = house.create()
    assert a.script("sweep_due", epoch, 5000, 10) == []
    house.pass_time(7 * HOUR)
    assert a.lease() == epoch
    assert (
        Sweeper(house, "b").script("sweep_due", epoch, 5000, 10) == []
        and a.script("sweep_due", epoch + 1, 5000, 10) == []
    )
    assert sorted(a.script("sweep_due", epoch, 5000, 10)) == [f"expire:{sid}", f"mail:{sid}"]
    assert a.script("sweep_due", epoch, 5000, 10) == []
    house.pass_time(5001)
    assert len(a.script("sweep_due", epoch, 5000, 1)) == 1
    house.end(sid, expiry=True)
    house.pass_time(5001)
    assert a.script("sweep_due", epoch, 5000, 10) == []


def test_an_entry_leaves_the_outbox_and_enters_the_log_in_one_step(house):
    """S-48: the record follows the head it was made for, or nothing happens at all."""
    a = Sweeper(house, "a")
    epoch = a.lease()
    sid, _, _ = house.create()
    ((entry, _),) = house.redis.xrange(house.key("outbox"))
    line = f"{entry} {house.company} 1 {digest('first')} {digest('one')} 0 {sid} " + json.dumps({"seq": 1})
    assert a.script("sweep_trim", epoch, DAY, line) == 1 and house.redis.xlen(house.key("outbox")) == 0
    log, head = house.key("audit", house.company), house.key("audit-head", house.company)
    assert house.redis.xrange(log) == [("1-0", {"r": '{"seq": 1}', "h": digest("one")})]
    assert house.redis.hgetall(head) == {"seq": "1", "hash": digest("one")}
    assert house.redis.lrange(house.key("audit-session", sid), 0, -1) == ["1"]
    assert 0 < house.redis.pttl(house.key("audit-session", sid)) <= DAY
    assert a.script("sweep_trim", epoch, DAY, line) == -2, "the head has moved on"
    house.end(sid)
    ((entry, _),) = house.redis.xrange(house.key("outbox"))
    stale = f"{entry} {house.company} 2 {digest('other')} {digest('two')} 0 {sid} " + json.dumps({"seq": 2})
    assert a.script("sweep_trim", epoch, DAY, stale) == -2
    assert house.redis.xlen(house.key("outbox")) == 1 and house.redis.xlen(log) == 1


def test_the_daily_round_repeats_what_lives_and_is_no_news(house):
    """Sessions that wait for something, managed computers, heads of audit logs; once a round, and only by the holder."""
    a = Sweeper(house, "a")
    epoch = a.lease()
    lives, gone = house.create()[0], house.create(technician=house.new_technician())[0]
    house.end(gone)
    house.redis.hset(house.key("audit-head", house.company), mapping={"seq": 3, "hash": digest("three")})
    house.redis.sadd(house.key("audit-companies"), house.company)
    house.redis.zadd(house.key("companies"), {f"{0:013}:{house.company}": 0})
    computers = [house.add_computers(f"PC {i}")[2][0] for i in range(5)]

    def chores(holder="a", fence=epoch):
        return house.run_at("sweep_chores", house.key("lease"), holder, fence, DAY, 3, "")

    assert chores("b") == (-1, []) and chores(fence=epoch + 1) == (-1, [])
    answer, events = chores()
    assert answer == 1 and [(e["type"], e["session"]) for e in events] == [("session.journaled", lives)]
    assert events[0]["record"] == house.record(lives)
    answer, events = chores()
    assert answer == 1 and [e["computer"] for e in events] == computers[:3]
    assert all(e["type"] == "computer.journaled" for e in events)
    answer, events = chores()
    assert answer == 1 and [e["computer"] for e in events] == computers[3:]
    assert events[-1]["record"] == house.redis.hgetall(house.key("computer", computers[4]))
    assert chores() == (1, []), "no more companies"
    answer, events = chores()
    assert answer == 0 and [e["type"] for e in events] == ["audit.journaled"]
    assert events[0]["audit"] == {"seq": 3, "hash": digest("three")}
    assert chores() == (0, [])
    house.pass_time(DAY)
    assert chores()[0] == 1


def test_an_audit_log_is_cut_off_by_an_event_of_its_own(house):
    """S-48: what is older than it is kept is named by the last record that goes, with its hash."""
    epoch = Sweeper(house, "a").lease()
    log = house.key("audit", house.company)
    for seq, time in enumerate(("2026-01-01", "2026-01-02", "2026-01-03"), 1):
        house.redis.xadd(log, {"r": json.dumps({"seq": seq, "time": time}), "h": digest(str(seq))}, id=f"{seq}-0")
    house.redis.hset(house.key("audit-head", house.company), mapping={"seq": 3, "hash": digest("3")})
    house.redis.sadd(house.key("audit-companies"), house.company)
    events = []
    for _ in range(3):
        events += house.run_at("sweep_chores", house.key("lease"), "a", epoch, DAY, 100, "2026-01-03")[1]
    assert [e["type"] for e in events] == ["audit.journaled", "audit.trimmed"]
    assert events[1]["details"] == {"seq": 2, "hash": digest("2")}
    assert house.redis.xlen(log) == 3, "the records go with the event's own record"


# ---- managed computers ----


def test_computers_are_added_all_or_none(house):
    """S-22 S-25: a name twice, in the list or in the file, adds nothing; letters' case makes no difference."""
    answer, events, ids = house.add_computers("Reception", "Office")
    assert answer == {"outcome": "added"} and [(e["type"], e["computer"]) for e in events] == [
        ("computer.added", one) for one in ids
    ]
    assert [e["record"] for e in events] == [house.redis.hgetall(house.key("computer", one)) for one in ids]
    answer, events, _ = house.add_computers("New", "RECEPTION", "new")
    assert answer == {"outcome": "computer_exists", "errors": [{"line": 3}, {"line": 4, "of": 2}]} and events == []
    assert house.redis.zcard(house.key("computers", house.company)) == 2


def test_a_computer_is_changed_from_the_version_that_was_seen(house):
    """If-Match: a version that is not the newest changes nothing; a removal is an event with the last state."""
    _, _, (one, two) = house.add_computers("One", "Two")
    assert house.computer("change", id=one, fields={"name": "two"})[0]["outcome"] == "computer_exists"
    answer, events = house.computer("change", id=one, fields={"name": "ONE", "note": "attic"}, version="1-1")
    assert answer == {"outcome": "changed"} and events[0]["version"] == 2 and events[0]["record"]["note"] == "attic"
    answer, events = house.computer("change", id=one, fields={"note": "cellar"}, version="1-1")
    assert answer == {"outcome": "precondition_failed"} and events == []
    answer, events = house.computer("remove", id=two)
    assert answer == {"outcome": "removed"} and events[0]["version"] == 2 and events[0]["record"]["name"] == "Two"
    assert not house.redis.exists(house.key("computer", two)) and house.computer("remove", id=two)[0] == {
        "outcome": "not_found"
    }
    assert house.redis.zrange(house.key("computers", house.company), 0, -1) == [f"office\x1fone\x1f{one}"]


def test_the_groups_are_read_without_writing(house):
    """S-25: the groups in their order, and what is free."""
    house.add_computers("B", group="West")
    house.add_computers("A", "C", group="East")
    house.create()
    answer, events = house.run_at("computer_groups", house.key("company", house.company), house.company)
    assert events == [] and json.loads(answer) == {
        "groups": [{"name": "East", "computers": 2}, {"name": "West", "computers": 1}],
        "seats": 20,
        "managed": 3,
        "sessions": 1,
        "free": 16,
    }


# ---- notes, sign-ins, event streams, the directory ----


def test_a_note_is_an_event_without_a_record(house):
    """S-48: every kind of note fits its schema and moves no version."""
    sid, _, _ = house.create()
    conn = new_id(house.bucket)
    notes = [
        ("audit.ticket_issued", {"feature": "remote", "mode": "connect", "conn_id": conn}, sid),
        ("audit.viewer_connected", {"conn_id": conn}, sid),
        ("audit.viewer_left", {"conn_id": conn, "seconds": 12}, sid),
        ("audit.report_made", {"format": "csv"}, sid),
        ("audit.exported", {"head_seq": 7}, None),
    ]
    before = house.record(sid)
    for kind, details, session in notes:
        (event,) = house.note(kind, details, session)[1]
        assert (event["type"], event["details"], event.get("session")) == (kind, details, session)
        assert event["actor"] == house.actor()
    assert house.record(sid) == before


def test_a_sign_in_is_journaled_without_its_cookie(house):
    """S-48: start, end and refusal are events; neither the cookie nor its token is in one."""
    sign_in, cookie = new_id(house.bucket), digest("cookie")
    key = house.key("technician", house.technician)

    def wish(verb, **more):
        common = {"verb": verb, "technician": house.technician, "company": house.company, "actor": house.actor()}
        return house.run_at("sign_in", key, json.dumps({**common, **more}))

    start = {
        "id": sign_in,
        "digest": cookie,
        "csrf": "csrf of it",
        "method": "password",
        "address": "192.0.2.7",
        "agent": "Firefox",
        "ms": 12 * HOUR,
        "password_at": "",
    }
    answer, events = wish("start", **start)
    assert answer == "started" and [e["type"] for e in events] == ["audit.signed_in"] and events[0]["id"] == sign_in
    assert cookie not in json.dumps(events) and "csrf" not in json.dumps(events)
    assert wish("start", **{**start, "password_at": "1"}) == ("unauthenticated", [])
    answer, events = wish("end", id=sign_in)
    assert answer == "ended" and [e["type"] for e in events] == ["audit.signed_out"]
    assert wish("end", id=sign_in) == ("not_found", [])
    assert not house.redis.exists(house.key("cookie", cookie))
    answer, events = wish("refused", reason="unauthenticated", method="password")
    assert answer == "noted" and (events[0]["type"], events[0]["reason"]) == ("audit.sign_in_refused", "unauthenticated")


def test_a_change_of_the_directory_tells_names_and_no_values(house):
    """S-48: the journal has the names of what changed; the state is sealed."""
    tid = new_id(house.bucket)
    wish = {
        "verb": "create",
        "kind": "technician",
        "id": tid,
        "name": tid,
        "company": house.company,
        "actor": {"type": "operator", "id": "operator"},
        "expected": "",
        "set": {"company": house.company, "name": "Tom", "role": "administrator", "password": "$argon2id$x", "created_at": "1"},
    }
    answer, events = house.run_at("directory", house.key("technician", tid), json.dumps(wish), "s1.d1.AAAA")
    assert answer == ["done", "1"] and events[0]["changed"] == "company,created_at,name,password,role"
    assert "argon2id" not in json.dumps(events)
    assert house.run_at("directory", house.key("technician", tid), json.dumps(wish), "s1.d1.AAAA") == (["again"], [])


def test_an_event_stream_goes_on_only_where_nothing_is_missing(house):
    """An id that is still in the feed is resumed; a trimmed one, or one of another epoch, is not."""
    feed = house.key("feed", house.company)
    _, how, begin = house.run_at("feed_open", feed, "", "")[0]
    assert how == "fresh"
    house.create()
    assert house.run_at("feed_open", feed, "1", begin)[0] == ["1", "resumed", begin]
    newest = house.newest(feed)
    assert house.run_at("feed_open", feed, "2", begin)[0] == ["1", "reset", newest]
    house.redis.xtrim(feed, maxlen=1, approximate=False)
    assert house.run_at("feed_open", feed, "1", begin)[0] == ["1", "reset", newest]


def test_viewers_are_known_for_as_long_as_their_relay_vouches(house):
    """Opened, renewed, closed; a relay that dies is forgotten."""
    sid, _, _ = house.create()
    name = house.key("viewers", sid)
    for conn in ("a", "b"):
        assert house.run("viewing", sid, "open", conn)[0] == 1
    house.pass_time(20000)
    house.run("viewing", sid, "renew", "b")
    house.pass_time(10001)
    house.run("viewing", sid, "renew", "b")
    assert house.redis.zrange(name, 0, -1) == ["b"]
    house.run("viewing", sid, "close", "b")
    assert not house.redis.exists(name)
