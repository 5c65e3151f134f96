"""Every pair of state and event of proto/states through the real scripts; limits, replays, time and random walks."""

import random

import generate
import pytest
from house import ADDRESS, DAY, HOUR, INVITATION_MS, PLAN_TABLE, PLANS, SESSION_MS, House, digest, new_id
from walk import random_walk

TABLES = generate.load_states()


def rows(name):
    return [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in TABLES[name]["rows"]]


# ---- session ----

KEY, CREATE_KEY = "the activation's key", "the creation's key"


def make(house, state):
    """A session in that state, only by what the scripts do. Its link is of the second generation, so that there is an older one."""
    if state == "-":
        return new_id(house.bucket)
    sid, answer, _ = house.create(key=CREATE_KEY)
    assert answer == "created"
    assert house.reinvite(sid)[0] == "reinvited"
    if state == "locked":
        for _ in range(5):
            house.activate(sid, "wrong")
    if state in ("active", "overdue", "ended"):
        assert house.activate(sid, key=KEY)[0][0] == "active"
    if state in ("lapsed", "overdue"):
        house.pass_time(INVITATION_MS if state == "lapsed" else SESSION_MS)
    if state == "ended":
        assert house.end(sid)[0] == "ended"
    return sid


def busy_technician(house):
    tid = house.new_technician()
    assert house.create(technician=tid)[1] == "created"
    return tid


def happen(house, sid, event):
    """(answer, events) of the event."""
    doing = {
        "create": lambda: house.create(sid if not house.record(sid) else None)[1:],
        "create_again": lambda: house.create(sid if not house.record(sid) else None, key=CREATE_KEY)[1:],
        "create_late": lambda: house.create(new_id(house.bucket), late=True)[1:],
        "reinvite": lambda: house.reinvite(sid),
        "reinvite_foreign": lambda: house.reinvite(sid, house.new_technician()),
        "right_code": lambda: house.activate(sid),
        "same_activation": lambda: house.activate(sid, key=KEY),
        "wrong_code": lambda: house.activate(sid, "wrong"),
        "old_link": lambda: house.activate(sid, generation=1 if house.record(sid) else None),
        "moved": lambda: house.activate(sid, judged="k0:1"),
        "report": lambda: house.report(sid, {"network": "ok"}),
        "paired": lambda: house.report(sid, paired=True),
        "hand_over": lambda: house.hand_over(sid, house.new_technician()),
        "hand_over_again": lambda: house.hand_over(sid, house.technician),
        "hand_over_denied": lambda: house.hand_over(sid, house.new_technician(permissions="")),
        "hand_over_busy": lambda: house.hand_over(sid, busy_technician(house)),
        "hand_over_outside": lambda: house.hand_over(sid, house.new_technician(company="another")),
        "end": lambda: house.end(sid),
        "expire": lambda: house.end(sid, expiry=True),
    }
    answer, events = doing[event]()
    if isinstance(answer, dict):
        answer = answer["outcome"]
    return (answer[0] if isinstance(answer, list) else answer), events


def state_of(house, sid):
    record = house.record(sid)
    if not record:
        return "-"
    now = house.now()
    if record["state"] == "invited":
        if record["attempts"] == "5":
            return "locked"
        return "lapsed" if now >= int(record["invitation_expires_at"]) else "invited"
    if record["state"] == "active":
        return "overdue" if now >= int(record["expires_at"]) else "active"
    return record["state"]


@pytest.mark.parametrize("state,event,after,answer,kind", rows("session"))
def test_session(house, state, event, after, answer, kind):
    """S-6 S-9 S-11 S-12 S-34: nothing but the table happens."""
    sid = make(house, state)
    assert state_of(house, sid) == state
    before = house.record(sid)
    got, events = happen(house, sid, event)
    assert (got, [e["type"] for e in events]) == (answer, [kind] if kind else [])
    assert state_of(house, sid) == after
    if kind is None or kind in ("session.refused", "session.repeated"):
        assert house.record(sid) == before, "a refusal changed the record"
    house.check_invariants()


# ---- mail ----


def make_mail(house, state):
    sid, _, _ = house.create(send_email=state != "none")
    house.reinvite(sid)  # there is an older generation
    for outcome in {"mail_delayed": ["mail_delayed"], "sent": ["sent"], "mail_rejected": ["mail_rejected"]}.get(
        state, []
    ):
        house.mail(sid, outcome)
    return sid


@pytest.mark.parametrize("state,event,after,answer,kind", rows("mail"))
def test_mail(house, state, event, after, answer, kind):
    """S-30: the mail's state is its own and ends once."""
    sid = make_mail(house, state)
    assert house.record(sid)["mail_state"] == state
    if event == "sent_after_end":
        house.end(sid)
    if event == "sent_after_activation":
        house.activate(sid)
    outcome = {"delayed": "mail_delayed", "rejected": "mail_rejected"}.get(event, "sent")
    got, events = house.mail(sid, outcome, generation="1" if event == "sent_old" else None)
    assert (got, [e["type"] for e in events]) == (answer, [kind] if kind else [])
    record = house.record(sid)
    assert record["mail_state"] == after
    assert ("mail_sent_at" in record and record["mail_sent_at"] != "") == (after == "sent")
    house.check_invariants()


# ---- removal ----


def make_removal(house, state):
    sid, _, _ = house.create()
    if state != "nothing":
        house.activate(sid)
    if state != "none":
        house.end(sid)
    if state == "unconfirmed":
        house.pass_time(DAY)
        house.removal(sid, "unconfirmed")
    if state == "removed":
        house.removal(sid, "removed")
    return sid


@pytest.mark.parametrize("state,event,after,answer,kind", rows("removal"))
def test_removal(house, state, event, after, answer, kind):
    """S-10: pending until the receipt or for 24 hours; a late receipt still counts."""
    base = TABLES["removal"]["states"]
    sid = make_removal(house, state)
    assert house.record(sid)["removal"] == base[state].get("of", state)
    if event == "no_receipt":
        house.pass_time(DAY)
    got, events = (
        house.end(sid) if event == "end" else house.removal(sid, "removed" if event == "receipt" else "unconfirmed")
    )
    assert (got, [e["type"] for e in events]) == (answer, [kind] if kind else [])
    record = house.record(sid)
    assert record["removal"] == base[after].get("of", after)
    assert ("removed_at" in record) == (after == "removed")
    house.check_invariants()


# ---- rules that are no states ----


def refused(house, reason):
    _, answer, events = house.create()
    assert answer == reason and events[0]["refused"] == reason
    assert not house.redis.exists(house.key("leases", "company", house.company))
    house.check_invariants()


@pytest.mark.parametrize(
    "reason,changes",
    [
        ("plan_excludes_adhoc", {"plan": "trial"}),
        ("company_suspended", {"suspended": "1"}),
        ("no_licence", {"seats": 3}),
        ("company_limit", {"limit_company": 0}),
        ("technician_limit", {"limit_technician": 0}),
    ],
)
def test_company_rules(house, reason, changes):
    """S-20 S-22 S-23: a refusal is journaled and holds nothing."""
    assert house.add_computers("PC 1", "PC 2", "PC 3")[0] == {"outcome": "added"}
    house.redis.hset(house.key("company", house.company), mapping=changes)
    refused(house, reason)


@pytest.mark.parametrize(
    "reason,changes",
    [
        ("permission_missing", {"permissions": ""}),
        ("permission_missing", {"permissions": "full_remote_control,adhoc_supports"}),
        ("permission_missing", {"disabled": "1"}),
        ("not_found", {"company": "another"}),
    ],
)
def test_technician_rules(house, reason, changes):
    """S-24: without the permission, disabled, or of another company."""
    house.redis.hset(house.key("technician", house.technician), mapping=changes)
    refused(house, reason)


def test_limits_hold_for_technician_company_and_seats(server):
    """S-20 S-22: one per technician, five per company, seats with the managed computers."""
    house = House(server, limit_company=5, limit_technician=2, seats=20)
    people = [house.new_technician() for _ in range(5)]
    answers = [house.create(technician=people[i % 5])[1] for i in range(10)]
    assert answers.count("created") == 5 and set(answers[5:]) == {"company_limit"}
    house.redis.hset(house.key("company", house.company), mapping={"limit_company": 50, "seats": 12})
    assert house.add_computers(*(f"PC {i}" for i in range(5)))[0] == {"outcome": "added"}
    answers = [house.create(technician=people[i % 5])[1] for i in range(5)]
    assert answers.count("created") == 2 and set(answers[2:]) == {"no_licence"}
    house.redis.hset(house.key("company", house.company), "seats", 50)
    sid, answer, events = house.create(technician=people[0])
    assert answer == "technician_limit" and events[0]["record"]["open_session"] in house.redis.zrange(
        house.key("leases", "technician", people[0]), 0, -1
    )
    assert events[0]["record"]["open_state"] == "invited"
    house.check_invariants()


@pytest.mark.parametrize("absent", [True, False])
def test_limits_that_a_company_has_not_set_are_its_plans(house, absent):
    """S-20 S-23: absent or empty is the plan's; a limit of the company's own counts before it."""
    names = ("limit_company", "limit_technician")
    house.redis.hdel(house.key("company", house.company), *names)
    if not absent:
        house.redis.hset(house.key("company", house.company), mapping=dict.fromkeys(names, ""))
    plan = PLAN_TABLE["plus"]
    mine = [house.create()[1] for _ in range(plan["limit_technician"] + 1)]
    assert mine == ["created"] * plan["limit_technician"] + ["technician_limit"]
    others = [house.create(technician=house.new_technician())[1] for _ in range(plan["limit_company"])]
    left = plan["limit_company"] - plan["limit_technician"]
    assert others == ["created"] * left + ["company_limit"] * plan["limit_technician"]


def test_the_last_seat_is_taken_once(house):
    """S-22: a session and a computer compete for the same seats; whoever comes second is refused."""
    house.redis.hset(house.key("company", house.company), "seats", 2)
    answer, events, _ = house.add_computers("A", "B", "C")
    assert answer == {"outcome": "no_licence", "free": 2} and events == []
    sid = house.create()[0]
    assert house.add_computers("A", "B")[0] == {"outcome": "no_licence", "free": 1}
    assert house.add_computers("A")[0] == {"outcome": "added"}
    assert house.create(technician=house.new_technician())[1] == "no_licence"
    house.end(sid)
    assert house.create()[1] == "created"
    house.check_invariants()


def test_a_suspended_companys_session_ends_before_its_time(house):
    """S-36: the sweeper's net below the gateway: what is due then says why it ended."""
    sid, _, _ = house.create()
    assert house.end(sid, expiry=True)[0] == "early"
    house.redis.hset(house.key("company", house.company), "suspended", "1")
    assert house.end(sid, expiry=True)[0] == "ended" and house.record(sid)["reason"] == "company_suspended"
    house.check_invariants()


# ---- handover ----


@pytest.mark.parametrize("state", ["invited", "active"])
def test_a_handover_moves_the_technicians_lease_and_nothing_else(house, state):
    """S-29: same link, same time, same seat; the relays hear whose it is; the old technician is free again."""
    listener = house.redis.pubsub()
    listener.subscribe("beistand.handed")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    sid, colleague = make(house, state), house.new_technician(name="Tom")
    before = house.record(sid)
    answer, events = house.hand_over(sid, colleague)
    record = house.record(sid)
    assert answer == {"outcome": "handed_over"} and events[0]["actor"]["address"] == ADDRESS
    changed = {name for name in record if record[name] != before.get(name)}
    assert changed == {"technician", "technician_name", "handed_from", "handed_at", "version"} | (
        {"epoch"} if before["epoch"] != record["epoch"] else set()
    )
    assert (record["technician"], record["technician_name"], record["handed_from"]) == (
        colleague,
        "Tom",
        house.technician,
    )
    assert listener.get_message(timeout=5)["data"] == f"{sid} {colleague}"
    listener.close()
    house.check_invariants()
    assert house.create()[1] == "created" and house.create(technician=colleague)[1] == "technician_limit"


def test_a_busy_colleague_keeps_their_session(house):
    """S-20 S-29: the refusal names the session that is open."""
    sid, _, _ = house.create()
    colleague = house.new_technician()
    theirs, _, _ = house.create(technician=colleague)
    answer, events = house.hand_over(sid, colleague)
    assert answer == {"outcome": "technician_limit", "open_session": theirs, "open_state": "invited"} and not events


# ---- what a program tells ----


def test_what_stands_in_the_way_is_in_the_record_until_it_is_overcome(house):
    """S-14: a reason with its detail; telling it twice is one event; overcome it leaves the record."""
    sid = make(house, "active")
    told = {"kind": "set_up", "reason": "service_failed", "detail": "access denied"}
    answer, events = house.report(sid, {"set_up": "failed"}, **told)
    assert answer == 1 and events[0]["refused"] == "service_failed" and events[0]["actor"]["address"] == ADDRESS
    assert events[0]["version"] == int(house.record(sid)["version"])
    assert (house.record(sid)["setup_reason"], house.record(sid)["setup_detail"]) == ("service_failed", "access denied")
    assert house.report(sid, {"set_up": "failed"}, **told) == (0, [])
    answer, events = house.report(sid, {"set_up": "ok"}, paired=True, kind="overcome")
    assert answer == 1 and "refused" not in events[0]
    assert (house.record(sid)["setup_reason"], house.record(sid)["setup_detail"]) == ("", "")


def test_a_refusal_at_the_pc_is_told_without_a_version_and_not_without_end(house):
    """Every refusal is an event; a program that tells without end is not listened to."""
    sid = make(house, "active")
    version = house.record(sid)["version"]
    answer, events = house.report(sid, kind="event", reason="password_wrong")
    assert answer == 1 and events[0]["refused"] == "password_wrong" and house.record(sid)["version"] == version
    house.redis.hset(house.key("session", sid), "told", 1000)
    assert house.report(sid, kind="event", reason="password_wrong") == (0, [])
    assert house.report(sid, {"network": "failed"}) == (0, [])


def test_the_same_key_for_something_else_is_a_conflict(house):
    """Idempotency-Key: the same key with another request is refused and changes nothing."""
    sid, _, _ = house.create(key="one key")
    house.redis.hset(house.key("idempotency", house.company, digest("one key")), "digest", "another request")
    before = house.record(sid)
    _, answer, events = house.create(key="one key")
    assert answer == "idempotency_conflict" and events[0]["refused"] == answer and house.record(sid) == before


def test_a_repeated_command_repeats_its_outcome(house):
    """A redelivered command journals its outcome again: the session, or the same refusal even when there is room by now."""
    text = house.command(
        "session.create",
        sid := new_id(house.bucket),
        "key",
        house.technician,
        send_email=False,
        session_ms=1,
        invitation_ms=HOUR,
    )
    assert house.run("create", sid, text, "T1", "k1", "{}")[0] == "plan_excludes_adhoc"
    answer, events = house.run("create", sid, text, "T1", "k1", PLANS)
    assert answer == "plan_excludes_adhoc" and events[0]["refused"] == answer
    again = house.command(
        "session.create", sid, "key", house.technician, send_email=False, session_ms=HOUR, invitation_ms=HOUR
    )
    assert house.run("create", sid, again, "T1", "k1", PLANS)[0] == "created"
    answer, events = house.run("create", sid, again, "T1", "k1", PLANS)
    assert answer == "repeated" and events[0]["record"] == house.record(sid)
    house.check_invariants()


def test_a_repeated_reinvite_is_not_another_one(house):
    """S-12: the command may be delivered twice; the second makes no third link."""
    sid, _, _ = house.create()
    assert house.reinvite(sid, key="again")[0] == "reinvited"
    answer, events = house.reinvite(sid, key="again")
    assert answer == "repeated" and house.record(sid)["generation"] == "2" and events[0]["type"] == "session.repeated"
    assert house.reinvite(sid, house.new_technician(), administrator=True)[0] == "reinvited"
    assert house.record(sid)["generation"] == "3"


def test_wrong_codes_are_counted_once_per_key_and_lock_at_five(house):
    """S-34: a repeated request is one try; the fifth locks; send again gives five new ones."""
    sid, _, _ = house.create()
    assert house.activate(sid, "wrong", key="lost reply")[0] == ["code_invalid", "4", "0"]
    assert house.activate(sid, "wrong", key="lost reply")[0] == ["code_invalid", "4", "0"]
    assert house.activate(sid, "superseded")[0] == ["code_superseded", "3", "0"]
    assert [house.activate(sid, "wrong")[0][0] for _ in range(4)] == [
        "code_invalid",
        "code_invalid",
        "attempts_exhausted",
        "attempts_exhausted",
    ]
    assert house.record(sid)["attempts"] == "5"
    house.reinvite(sid)
    assert house.record(sid)["attempts"] == "0" and house.activate(sid)[0][0] == "active"


def test_an_activation_moves_the_end_and_drops_the_mail(house):
    """S-6: the time runs from the activation; a mail that waits is not needed any more."""
    sid, _, _ = house.create()
    house.pass_time(HOUR)
    _, left, expires = house.activate(sid)[0]
    assert int(expires) == int(house.record(sid)["activated_at"]) + SESSION_MS and left == "5"
    house.check_invariants()


def test_an_expired_invitation_says_so(house):
    """S-11: the reason of an invitation nobody used is its own."""
    sid, _, _ = house.create()
    house.pass_time(INVITATION_MS)
    house.end(sid, expiry=True)
    assert house.record(sid)["reason"] == "invitation_expired" and house.record(sid)["removal"] == "none"
    assert house.activate(sid)[0][0] == "invitation_expired"


def test_an_end_is_told_to_the_relays_once(house):
    """S-9: the end's notice goes out with the end and not with a repetition."""
    listener = house.redis.pubsub()
    listener.subscribe("beistand.ended")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    sid, _, _ = house.create()
    house.end(sid)
    house.end(sid)
    house.redis.publish("beistand.ended", "last")
    heard = [listener.get_message(timeout=5)["data"] for _ in range(2)]
    assert heard == [f"{sid} ended_by_technician", "last"]
    listener.close()


# ---- time ----


def test_time_never_goes_back(house):
    """DESIGN 2: when Redis' clock is behind what the bucket has seen, the bucket's time stands still and never returns."""
    sid, _, _ = house.create()
    ahead = house.now() + 5 * HOUR
    house.redis.set(house.key("clock"), ahead)
    times = []
    for event in (
        lambda: house.activate(sid, "wrong"),
        lambda: house.report(sid, {"network": "ok"}),
        lambda: house.activate(sid),
        lambda: house.end(sid),
    ):
        times += [e["time"] for e in event()[1]]
        assert int(house.redis.get(house.key("clock"))) == ahead
    assert times == [ahead] * 4 and house.record(sid)["ended_at"] == str(ahead)
    house.redis.set(house.key("clock"), 1)  # Redis' own time is ahead again
    house.last_time = 0
    _, _, events = house.create()
    assert int(house.redis.get(house.key("clock"))) == events[0]["time"] > 1


def test_the_epoch_of_the_bucket_is_in_every_version(house):
    """A rebuilt bucket has a higher epoch: (epoch, n) stays unique."""
    sid, _, events = house.create()
    assert events[0]["epoch"] == 1
    house.redis.set(house.key("epoch"), 4)
    assert house.report(sid, {"network": "ok"})[1][0]["epoch"] == 4 and house.record(sid)["epoch"] == "4"


# ---- whatever happens ----


@pytest.mark.parametrize("seed", range(8))
def test_random_walks_keep_every_invariant(server, seed):
    """A hundred and fifty events on a few sessions: ended is terminal, versions grow, leases are open sessions, tries are at most five."""
    house, ended = House(server, limit_company=3, limit_technician=2, seats=9), set()
    for sessions in random_walk(house, random.Random(seed)):
        house.check_invariants()
        for known in sessions:
            state = house.record(known).get("state")
            assert known not in ended or state == "ended", "an ended session came back"
            if state == "ended":
                ended.add(known)
    assert len(house.events) > 20


def test_only_what_somebody_sees_is_ended_by_them(house):
    """S-9, S-25: a colleague's and another company's session are not found; an administrator ends both, each by its reason."""
    sid = house.create()[0]
    colleague = house.new_technician()
    assert house.end(sid, actor=house.actor(colleague), sees=(house.company, colleague))[0] == "not_found"
    assert house.end(sid, sees=(new_id(house.bucket), ""))[0] == "not_found"
    assert house.record(sid)["state"] == "invited"
    assert house.end(sid, "ended_by_admin", actor=house.actor(colleague), sees=(house.company, ""))[0] == "ended"
    assert house.record(sid)["reason"] == "ended_by_admin"
    own = house.create()[0]
    assert house.end(own, "ended_by_admin", sees=(house.company, ""))[0] == "ended"
    assert house.record(own)["reason"] == "ended_by_technician"
