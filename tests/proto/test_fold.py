"""Redis made again from its events (proto/lua/fold_*.lua): emptied, or put back to an older copy, it has afterwards what it
had before. The CLI that feeds the scripts from Kafka has its tests in tests/system/test_rebuild.py."""

import json
import random

import pytest
from house import DAY, SCRIPTS, House, digest, new_id
from walk import random_walk

FOLDED = ("session", "leases", "company-sessions", "computer", "computers", "idempotency", "due")


def fold(house, script, key, *arguments):
    return house.redis.eval(SCRIPTS[script], 1, key, *map(str, arguments))


def fold_all(house, events):
    computers = {}
    for event in events:
        if event["type"].startswith("computer."):
            known = computers.setdefault(event["computer"], event)
            computers[event["computer"]] = max(known, event, key=lambda e: (e["epoch"], e["version"]))
        else:
            fold_event(house, event)
    for computer, event in computers.items():
        removed = "1" if event["type"] == "computer.removed" else "0"
        fold(house, "fold_computer", house.key("computer", computer), json.dumps(event["record"]), removed)


def fold_event(house, event):
    record = event.get("record", {})
    if "state" in record and event["type"] != "session.refused":
        fold(house, "fold_session", house.key("session", record["id"]), json.dumps(record))
    if "idempotency" in event:
        about = event["idempotency"]
        key = house.key("idempotency", about["owner"], about["key"])
        fold(house, "fold_idempotency", key, json.dumps(about["fields"]), event["time"])


def content(house):
    """{key: value} of what is folded. When a mail is due, and how long a request is remembered, may differ."""
    found = {}
    for key in house.redis.scan_iter(house.tag + ":*", count=1000):
        kind = key.split(":")[1]
        if kind not in FOLDED:
            continue
        if house.redis.type(key) == "hash":
            found[key] = house.redis.hgetall(key)
            found[key].pop("outbox", None)
        else:
            found[key] = dict(house.redis.zrange(key, 0, -1, withscores=True))
        if kind == "due":
            found[key] = {member: at for member, at in found[key].items() if not member.startswith("mail:")} | {
                member: "mail" for member in found[key] if member.startswith("mail:")
            }
    return found


def is_forgotten(house, events, key):
    """An Idempotency-Key is remembered for a day of the bucket's time."""
    made = [e["time"] for e in events if "idempotency" in e and key.endswith(":" + e["idempotency"]["key"])]
    return ":idempotency:" in key and made and max(made) + DAY <= house.now()


def wanted(house, events, before):
    return {key: value for key, value in before.items() if not is_forgotten(house, events, key)}


def mixed(events, walk):
    """As several partitions give them: in order for one session, anyhow between sessions, some twice."""
    lines = {}
    for event in events:
        lines.setdefault(event.get("session") or event.get("computer"), []).append(event)
    lines, told = list(lines.values()), []
    while lines:
        line = walk.choice(lines)
        told.append(line.pop(0))
        if walk.random() < 0.1:
            told.append(walk.choice(told))
        lines = [rest for rest in lines if rest]
    return told


def lived(server, seed):
    """A house after a random walk, the events of all of it, and (snapshot, events so far) somewhere in its middle."""
    walk = random.Random(seed)
    house = House(server, limit_company=3, limit_technician=2, seats=9)
    middle = None
    for step, _ in enumerate(random_walk(house, walk, 120)):
        if walk.random() < 0.15:
            house.add_computers(f"PC {step}")
        if step == 60:
            middle = house.snapshot()
    computers = [key.split(":")[2] for key in house.redis.scan_iter(house.key("computer", "*"))]
    for computer in computers[:2]:
        house.computer("remove", id=computer)
    for computer in computers[2:4]:
        house.computer("change", id=computer, fields={"name": "renamed " + computer})
    assert len(house.events) > 40
    return house, walk, middle


def put_back(house, snapshot):
    """Redis has this and nothing else; time goes on."""
    clock = house.redis.get(house.key("clock"))
    house.redis.flushdb()
    for key, value in snapshot.items():
        house.raw.restore(key, 0, value)
    house.redis.set(house.key("clock"), clock)


@pytest.mark.parametrize("seed", range(6))
def test_an_emptied_redis_is_folded_from_its_events(server, seed):
    """DESIGN 2: Redis = fold of the highest versions; leases, due times, lists and remembered requests follow."""
    house, walk, _ = lived(server, seed)
    before = content(house)
    put_back(house, {key: value for key, value in house.snapshot().items() if ":company:" in key or ":technician:" in key})
    fold_all(house, mixed(house.events, walk))
    house.check_invariants()
    assert content(house) == wanted(house, house.events, before)


@pytest.mark.parametrize("seed", range(6))
def test_an_older_copy_of_redis_is_brought_forward(server, seed):
    """DESIGN 2: put back to the middle of its life, what came later comes back, and nothing of the older state stays."""
    house, walk, middle = lived(server, seed)
    before = content(house)
    put_back(house, middle)
    fold_all(house, mixed(house.events, walk))
    house.check_invariants()
    after = content(house)
    # The copy itself may remember a request of more than a day ago: Redis forgets it by its own clock.
    assert {key: value for key, value in after.items() if not is_forgotten(house, house.events, key)} == wanted(
        house, house.events, before
    )


def test_what_redis_knows_better_is_left_alone(house):
    """A later version of Redis' own (its event still waits in the outbox) outlives an older event of the journal."""
    sid = house.create()[0]
    old = list(house.events)
    house.end(sid)
    before = content(house)
    fold_all(house, old)
    assert content(house) == before


def test_a_folded_link_opens_the_session(house):
    """S-3: the derived links of every generation are there again, as long as they would have been."""
    sid = house.create()[0]
    house.reinvite(sid)
    event = house.events[-1]
    house.redis.flushdb()
    fold(house, "fold_session", house.key("session", sid), json.dumps(event["record"]), "FIRST", "SECOND")
    assert house.redis.get(house.key("link", "FIRST")) == f"{sid}:1"
    assert house.redis.get(house.key("link", "SECOND")) == f"{sid}:2"
    left = int(event["record"]["invitation_expires_at"]) + DAY - house.now()
    assert abs(house.redis.pttl(house.key("link", "SECOND")) - left) < 5000


# ---- directory ----


def directory_wish(house, kind, name, fields, verb="create", entity=None):
    return json.dumps(
        {
            "verb": verb,
            "kind": kind,
            "id": entity or name,
            "name": name,
            "company": house.company,
            "actor": {"type": "operator", "id": "operator"},
            "expected": "" if verb == "create" else house.redis.hget(house.key(kind, name), "version") or "0",
            "set": fields,
        }
    )


def test_the_directory_is_folded_with_its_indexes(house):
    """S-62: people, keys and webhooks, lists of the company, administrators, ids of keys; keys of somebody removed do not come back."""
    people, keys, hook = [new_id(house.bucket) for _ in range(3)], [digest("a"), digest("b")], new_id(house.bucket)
    common = {"company": house.company, "created_at": "5"}
    for role, tid in zip(("administrator", "administrator", "technician"), people):
        fields = {**common, "name": tid, "email": f"{tid}@example.com", "role": role}
        house.run_at("directory", house.key("technician", tid), directory_wish(house, "technician", tid, fields), "s1.d1.A")
    for name, tid in zip(keys, people):
        fields = {**common, "id": new_id(house.bucket), "technician": tid, "scopes": "all", "name": "k"}
        house.run_at("directory", house.key("key", name), directory_wish(house, "key", name, fields, entity=fields["id"]), "s1.d1.A")
    fields = {**common, "id": hook, "url": "https://example.com", "types": "*", "enabled": "1"}
    house.run_at("directory", house.key("webhook", hook), directory_wish(house, "webhook", hook, fields), "s1.d1.A")
    states = [
        (kind, key.split(":")[2], house.redis.hgetall(key))
        for kind in ("technician", "webhook", "key")
        for key in house.redis.scan_iter(house.key(kind, "*"))
        if house.redis.hexists(key, "version")
    ]
    house.run_at("directory", house.key("technician", people[0]), directory_wish(house, "technician", people[0], {}, "remove"), "")
    kinds = ("technician", "key", "key-id", "webhook", "company-technicians", "company-keys", "technician-keys", "company-webhooks",
             "company-administrators")
    before = {k: v for k, v in house.snapshot().items() if k.split(":")[1] in kinds}
    house_made = {k: v for k, v in before.items() if k == house.key("technician", house.technician)}
    house.redis.flushdb()
    for key, value in house_made.items():
        house.raw.restore(key, 0, value)
    answers = []
    for kind, name, fields in states:
        if name == people[0]:
            continue
        what = {"kind": kind, "id": fields.get("id", name), "name": name, "company": house.company, "version": 1, "fields": fields}
        answers += [fold(house, "fold_directory", house.key(kind, name), json.dumps(what)) for _ in range(2)]
    assert sorted(set(answers)) == ["folded", "known", "orphan"]
    after = {k: v for k, v in house.snapshot().items() if k.split(":")[1] in kinds}
    assert sorted(after) == sorted(before)
    assert {k: house.redis.hgetall(k) for k in after if house.redis.type(k) == "hash"}.keys() >= {house.key("webhook", hook)}
    for key in after:
        if house.redis.type(key) != "hash":
            assert after[key] == before[key], key


# ---- the end of a bucket ----


def test_after_a_fold_epoch_time_and_ids_are_behind_the_journal(house):
    """DESIGN 2: epochs rise when Redis lost writes; no event id comes twice though the clock was put back."""
    future = house.now() + DAY
    assert fold(house, "fold_bucket", house.key("epoch"), 4, future, f"{future}-7") == 5
    house.versions.clear()
    sid, _, events = house.create()
    assert house.record(sid)["epoch"] == "5" and events[0]["time"] >= future
    ms, seq = map(int, house.newest(house.key("outbox")).split("-"))
    assert (ms, seq) > (future, 7)
    assert fold(house, "fold_bucket", house.key("epoch"), 2, 1, "0-0") == 6, "its own is higher than the journal's"


def test_a_log_whose_beginning_is_gone_says_so(house):
    """S-48: the chain goes on from the head that was journaled, and audit-verify finds the cut explained."""
    head = house.key("audit-head", house.company)
    line = f"9 {digest('8')} {digest('9')} - " + json.dumps({"seq": 9, "prev": digest("8"), "type": "session.created"})
    assert fold(house, "fold_audit", head, DAY, f"7 {digest('7')}", line) == 1
    assert house.redis.hgetall(head) == {"seq": "9", "hash": digest("9")}
    assert fold(house, "fold_audit", head, DAY, line) == 0, "it has it"
    fold(house, "fold_bucket", house.key("epoch"), 1, 1, "0-0")
    entries = [json.loads(fields["e"]) for _, fields in house.redis.xrange(house.key("outbox"))]
    assert [(e["type"], e["details"]) for e in entries] == [("audit.trimmed", {"seq": 8, "hash": digest("8")})]
    house.check_event(entries[0])
