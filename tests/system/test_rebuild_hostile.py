"""S-61, S-63: what must not make a Redis pass for whole, and what a rebuild does not take from a topic. The embedded broker
remembers long enough for that. docs/decisions/0043-rebuild.md."""
import copy
import json
import secrets
import shutil
import signal
import subprocess
import time

import pytest

from flows import new_technician, read_redis
from invariants import outboxes_empty
from stack import wait_until
from test_rebuild import LOST, drained, rebuilt, replace_redis, why_not


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(kafka=None, replicas={"sweeper": 2})


def lost(stack):
    wait_until(lambda: set(why_not(stack).values()) == {LOST}, 20, lambda: str(why_not(stack)))


def test_an_older_copy_that_was_written_to_is_not_whole(stack, tmp_path):
    """The CLI writes to any Redis; later ids of an outbox do not prove that the ones before are there."""
    tina = new_technician(stack)
    drained(stack)
    shutil.copytree(stack.root / "redis", tmp_path / "copy")
    made = tina.create()[1]
    drained(stack)
    replace_redis(stack, tmp_path / "copy")
    for number in range(64):  # every bucket has a later id than the journal
        read_redis(stack).xadd(f"{{s{number:02d}}}:outbox", {"e": "{}"})
    stack.directory.create_technician(tina.company, "Ada", f"ada-{secrets.token_hex(4)}@example.com")
    stack.kill("redis")
    stack.start("redis")
    lost(stack)
    rebuilt(stack)
    assert tina.session(made["id"])["status"] == "invited"


def test_an_emptied_running_redis_is_left_by_everybody(stack):
    """FLUSHALL: whoever is connected would hear from it that nothing exists, and a program would remove itself."""
    tina = new_technician(stack)
    made = tina.create()[1]
    drained(stack)
    read_redis(stack).flushall()
    lost(stack)
    assert tina.call("GET", f"/v1/sessions/{made['id']}")[1]["reason"] == "unavailable"
    rebuilt(stack)
    assert tina.session(made["id"])["status"] == "invited"


def test_one_rebuild_at_a_time(stack):
    read_redis(stack).flushall()
    lost(stack)
    other = read_redis(stack)
    other.client_setname("beistand-rebuild")
    status, told = stack.rebuild()
    assert status == 1 and "another rebuild" in told["detail"], told
    other.close()
    other.connection_pool.disconnect()
    rebuilt(stack)


def test_a_redis_emptied_while_it_is_rebuilt_is_not_approved(stack):
    """Half of it is gone; the run knows by a mark of its own, and the buckets' marks come last."""
    r = read_redis(stack)
    r.flushall()
    lost(stack)
    env = {**stack.base_env(), **stack.settings("sweeper-1")}
    stack.process("broker").signal(signal.SIGSTOP)
    try:
        child = subprocess.Popen([stack.cli, "rebuild"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: r.exists("beistand:rebuild"), 10, lambda: "it has not begun")
        r.flushall()
    finally:
        stack.process("broker").signal(signal.SIGCONT)
    said = json.loads(child.communicate(timeout=30)[0].splitlines()[-1])
    assert child.returncode == 1 and "emptied meanwhile" in said["detail"], said
    lost(stack)
    rebuilt(stack)


# ---- what others wrote to the topics ----

def messages(stack, topic):
    argv = ["kcat", "-C", "-q", "-e", "-b", stack.kafka, "-t", topic, "-o", "beginning", "-J", "-X", "broker.address.family=v4"]
    out = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    return [json.loads(m["payload"]) for m in map(json.loads, out.splitlines())]


def produce(stack, topic, payload, bucket, seq):
    event_id = f"{bucket:02d}-{int(time.time() * 1000)}-{seq}" if isinstance(bucket, int) else bucket
    argv = ["kcat", "-P", "-b", stack.kafka, "-t", topic, "-k", "k", "-D", "\x1e", "-H", f"ce_id={event_id}", "-X",
            "broker.address.family=v4"]
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    subprocess.run(argv, input=data, timeout=60, check=True)


def later(event, **fields):
    """The same event as the next version, its record changed; None: without that member."""
    forged = copy.deepcopy(event)
    forged["version"] += 1000
    forged["record"]["version"] = str(forged["version"])
    forged.pop("audit", None)
    forged.pop("idempotency", None)
    for name, value in fields.items():
        forged["record"][name] = value
        if value is None:
            del forged["record"][name]
    return forged


def broken_events(session, computer):
    """What stopped a fold in the middle, or would have been taken."""
    needed = ("id", "company", "technician", "created_at", "invitation_expires_at", "generation")
    yield from (later(session, **{name: None}) for name in needed)
    yield from (later(session, note=value) for value in ({"a": 1}, [1], True))
    yield from (later(session, id=name) for name in ("a b:c", "{s01}:x", "0" * 26))
    yield later(session, generation="-1")
    yield later(session, created_at="soon")
    yield later(session, **{f"member{n}": "x" for n in range(9000)})
    yield {**later(session), "record": "text"}
    yield {**later(session), "record": [1]}
    yield {**later(session), "time": 9e18}
    yield {**later(session), "epoch": 1e300}
    yield from (later(computer, **{name: None}) for name in ("group", "name", "company"))
    base = {"type": "audit.journaled", "company": session["company"], "bucket": session["bucket"], "time": session["time"]}
    yield {**base, "audit": {"seq": 3, "hash": "z" * 64}}
    yield {**base, "audit": {"seq": 2 ** 62, "hash": "a" * 64}}
    owner = {"owner": session["company"], "key": "a" * 64}
    yield from ({**base, "idempotency": {**owner, "fields": fields}} for fields in ({}, {"a": {"b": 1}}, [1]))


def test_what_no_service_wrote_is_left_out_of_a_rebuild(stack):
    """One broken event does not stop it for everybody; a forged one does not change another bucket, nor its time."""
    admin = new_technician(stack, role="administrator")
    made = admin.create()[1]
    assert admin.call("POST", "/v1/computers", {"name": "one", "group": "Office"})[0] == 201
    before = admin.session(made["id"])
    drained(stack)
    journal = [e for e in messages(stack, "beistand.journal") if e.get("company") == admin.company]
    session = next(e for e in journal if e["type"] == "session.created")
    computer = next(e for e in journal if e["type"] == "computer.added")
    bucket = session["bucket"]
    broken = list(broken_events(session, computer))
    for seq, event in enumerate(broken):
        produce(stack, "beistand.journal", event, bucket, seq)
    for seq, text in enumerate((b"{nope", b"\xff\xfe{}", b"[1]")):
        produce(stack, "beistand.journal", text, bucket, 100 + seq)
    produce(stack, "beistand.journal", later(session, note="of another bucket"), (bucket + 1) % 64, 0)
    produce(stack, "beistand.journal", later(session, note="x"), f"{bucket:02d}-{10 ** 17}-0", 0)
    replace_redis(stack)
    told = rebuilt(stack)
    assert told["unreadable"] == len(broken) + 5, told
    assert admin.session(made["id"])["note"] == before["note"]
    assert [c["name"] for c in admin.call("GET", "/v1/computers")[1]["computers"] if c["group"] == "Office"] == ["one"]
    r = read_redis(stack)
    assert not r.keys(f"{{s{(bucket + 1) % 64:02d}}}:*{made['id']}*") and not r.keys("*a b*")
    assert int(r.get(f"{{s{bucket:02d}}}:clock")) < (time.time() + 3600) * 1000
    assert admin.end(made["id"])[0] == 202
    wait_until(lambda: outboxes_empty(r), 20, lambda: "it goes on")


def test_a_sealed_state_counts_only_where_and_when_it_was_written(stack):
    """Whoever may write to the topic cannot open it, and cannot move a person to another company or bring back what they were."""
    admin, other = (new_technician(stack, role="administrator") for _ in range(2))
    tina = new_technician(stack, company=admin.company)
    assert admin.call("PATCH", f"/v1/technicians/{tina.id}", {"disabled": True})[0] == 200
    drained(stack)
    states = [e for e in messages(stack, "beistand.directory") if e["id"] == tina.id]
    first, newest = min(states, key=lambda e: e["version"]), max(states, key=lambda e: e["version"])
    assert newest["version"] > first["version"]
    produce(stack, "beistand.directory", {**first, "version": newest["version"] + 7}, first["bucket"], 0)
    foreign = {**newest, "company": other.company, "version": newest["version"] + 8}
    produce(stack, "beistand.directory", foreign, first["bucket"], 1)
    replace_redis(stack)
    assert rebuilt(stack)["unreadable"] >= 2
    people = {p["id"]: p for p in admin.call("GET", "/v1/technicians")[1]["technicians"]}
    assert people[tina.id]["disabled"] is True, "a person who was disabled stays so"
    assert tina.id not in [p["id"] for p in other.call("GET", "/v1/technicians")[1]["technicians"]]
