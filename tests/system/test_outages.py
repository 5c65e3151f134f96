"""Redis, the broker or a service away: at the start, in the middle, for a while, or stopped and woken. Nothing that was
answered is lost, and whoever waits is told why. The embedded broker keeps nothing over a restart, so here only what has
its due time in Redis must come through one (DESIGN 2); test_kafka_real.py has the broker that remembers."""
import json
import secrets
import signal
import time
from collections import Counter

import pytest

from flows import Api, journal, mails, new_technician, read_redis, wait_mail
from invariants import check_state, outboxes_empty, sessions
from load import Load, check_after, check_works
from stack import http_status, wait_until
from topics import messages, produce_again

NEEDS_REDIS = ["licensing-1", "sweeper-1", "invitations-1", "activation-1", "relay-1", "gateway-1"]
NEEDS_KAFKA = ["licensing-1", "sweeper-1", "invitations-1", "gateway-1"]
TIMEOUT_MS = 3000
SHORT_LIVES = {"INVITATION_TTL_MS": "8000", "SESSION_TTL_MS": "20000"}  # so that what is left alone expires
LEASE_S = 3


@pytest.fixture(scope="module")
def make_stack(make_stack):
    """Always with the embedded broker: most of these tests take it away."""
    return lambda **options: make_stack(kafka=None, **options)


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(replicas={"gateway": 2, "sweeper": 2, "licensing": 2},
                      env={"COMMAND_TIMEOUT_MS": str(TIMEOUT_MS), "INVITATION_TTL_MS": "12000"})


@pytest.fixture
def tina(stack):
    return new_technician(stack)


def why_not_ready(stack, name):
    status, text = http_status(stack.health(name) + "/readyz?verbose")
    return status, json.loads(text)["why"] if status else text


def leases(stack, api):
    r = read_redis(stack)
    return [sid for key in r.scan_iter(f"*:leases:company:{api.company}") for sid in r.zrange(key, 0, -1)]


# ---- licensing ----

def create_once(api, key, seconds=30):
    """The first answer that is no `unavailable`."""
    return wait_until(lambda: (a := api.create(key))[0] not in (0, 503) and a, seconds, lambda: "create with the same key")


@pytest.mark.parametrize("how", ["stopped", "killed", "suspended"])
def test_create_without_licensing_is_unavailable_in_time_and_then_made_once(stack, tina, how):
    """S-36 unavailable, S-22: the command that waited is too late; the same key gives exactly one session."""
    names, key = stack.instances("licensing"), secrets.token_hex(8)
    for name in names:
        if how == "stopped":
            stack.stop(name)
        elif how == "killed":
            stack.kill(name)
        else:
            stack.process(name).signal(signal.SIGSTOP)
    started = time.monotonic()
    status, problem = tina.create(key)
    took = time.monotonic() - started
    assert (status, problem["reason"]) == (503, "unavailable") and took < TIMEOUT_MS / 1000 + 2, (status, problem, took)
    assert leases(stack, tina) == [] and tina.call("GET", "/v1/sessions")[1]["sessions"] == []
    for name in names:
        if how == "suspended":
            stack.process(name).signal(signal.SIGCONT)
        else:
            stack.start(name)
    stack.wait_ready(names)
    status, made = create_once(tina, key)
    assert status == 201, made
    assert tina.create(key)[1]["id"] == made["id"] and leases(stack, tina) == [made["id"]]
    assert [s["id"] for s in tina.call("GET", "/v1/sessions")[1]["sessions"]] == [made["id"]]
    tina.end(made["id"])


# ---- Redis ----

def test_without_redis_at_the_start_everybody_waits_and_says_so(make_stack):
    """S-61: /readyz 503 with the reason, /livez 200; ready by itself when Redis comes."""
    stack = make_stack(up=False)
    stack.prepare()
    stack.start("broker")
    stack.start("mail")
    [stack.start(name) for name in NEEDS_REDIS]
    stack.start_edge()
    for name in NEEDS_REDIS:
        wait_until(lambda: why_not_ready(stack, name)[0] == 503, 10, lambda: f"{name} answers")  # noqa: B023
        assert why_not_ready(stack, name) == (503, "redis is not reachable"), name
        assert http_status(stack.health(name) + "/livez")[0] == 200
    status, problem = Api(stack, "bk_" + "0" * 52).call("GET", "/v1/me")
    assert status == 503 and problem["reason"] == "unavailable"
    stack.start("redis")
    stack.wait_ready(NEEDS_REDIS)
    api = new_technician(stack)
    assert create_once(api, secrets.token_hex(8))[0] == 201


def test_redis_killed_under_load_loses_nothing(stack):
    """DESIGN 2: the append-only file has everything that was answered; meanwhile requests are unavailable, not wrong."""
    with Load(stack) as load:
        for _ in range(2):
            before = load.created()
            wait_until(lambda: load.created() >= before + 8, 30, lambda: f"{load.created()} sessions")  # noqa: B023
            stack.kill("redis")
            wait_until(lambda: all(why_not_ready(stack, n)[1] == "redis is not reachable" for n in NEEDS_REDIS), 10,
                       lambda: str([(n, why_not_ready(stack, n)) for n in NEEDS_REDIS]))
            stack.start("redis")
            stack.wait_ready()
        before = load.created()
        wait_until(lambda: load.created() >= before + 8, 30, lambda: "work after the restart")
    check_after(stack, load)
    check_works(stack, load.apis)


# ---- the broker ----

def test_without_a_broker_at_the_start_everybody_waits_and_says_so(make_stack):
    """S-61: those that need Kafka say so; program and relay side are ready without it, unless nobody has compared this Redis
    with the journal yet (docs/decisions/0043)."""
    stack = make_stack(up=False)
    stack.prepare()
    stack.start("redis")
    stack.start("mail")
    [stack.start(name) for name in NEEDS_REDIS]
    stack.start_edge()
    for name in ["activation-1", "relay-1"]:
        wait_until(lambda: why_not_ready(stack, name)[1] == "redis has not been compared with the journal yet", 10,  # noqa: B023
                   lambda: f"{name}: {why_not_ready(stack, name)}")  # noqa: B023
    stack.start("broker")
    stack.wait_ready()
    stack.kill("broker")
    for name in NEEDS_REDIS:
        stack.stop(name)
        stack.start(name)
    stack.wait_ready(["activation-1", "relay-1"])
    for name in NEEDS_KAFKA:
        wait_until(lambda: why_not_ready(stack, name)[1].startswith("kafka is not reachable"), 10,  # noqa: B023
                   lambda: f"{name}: {why_not_ready(stack, name)}")  # noqa: B023
        assert why_not_ready(stack, name)[0] == 503 and http_status(stack.health(name) + "/livez")[0] == 200
    api = new_technician(stack)
    status, problem = api.call("POST", "/v1/sessions", {"send_email": False}, base=f"http://{stack.address('gateway-1')}",
                               Idempotency_Key="no-broker-yet")
    assert (status, problem["reason"]) == (503, "unavailable")
    stack.start("broker")
    stack.wait_ready(NEEDS_KAFKA)
    assert create_once(api, "no-broker-yet")[0] == 201


def test_the_broker_killed_under_load_costs_time_only(stack):
    """DESIGN 2: an embedded broker forgets; whoever asks again with the same key gets its one session, and ends and
    activations go on without it."""
    with Load(stack) as load:
        for _ in range(2):
            before = load.created()
            wait_until(lambda: load.created() >= before + 8, 60, lambda: f"{load.created()} sessions")  # noqa: B023
            stack.kill("broker")
            wait_until(lambda: all(why_not_ready(stack, n)[0] == 503 for n in NEEDS_KAFKA), 15,
                       lambda: str([(n, why_not_ready(stack, n)) for n in NEEDS_KAFKA]))
            stack.start("broker")
            stack.wait_ready()
        before = load.created()
        wait_until(lambda: load.created() >= before + 8, 60, lambda: "work after the restart")
    check_after(stack, load, complete=False)
    check_works(stack, load.apis)


def due_of(r, what, sid):
    """(key, member, time) of what is due of a session."""
    key, member = next(r.scan_iter(f"*:session:{sid}")).split(":")[0] + ":due", f"{what}:{sid}"
    return key, member, r.zscore(key, member)


def restart_broker(stack, *starting):
    """It forgets everything; then also the services that were stopped, so that none has seen what it had."""
    stack.kill("broker")
    stack.start("broker")
    [stack.start(name) for name in starting]
    stack.wait_ready()


def test_an_expiry_that_the_broker_forgot_is_commanded_again(stack):
    """DESIGN 2: commanded by the sweeper, lost with the broker, due again five seconds later."""
    tina, r = new_technician(stack), read_redis(stack)
    made = tina.create()[1]
    [stack.stop(name) for name in stack.instances("licensing")]
    _, _, first = due_of(r, "expire", made["id"])
    wait_until(lambda: due_of(r, "expire", made["id"])[2] > first, 25, lambda: "the expiry is commanded")
    restart_broker(stack, *stack.instances("licensing"))
    assert tina.wait(made["id"], lambda s: s["status"] == "ended", 20)["reason"] == "invitation_expired"


def test_a_mail_whose_event_the_broker_forgot_is_sent_at_its_due_time(make_stack):
    """DESIGN 2: the net below the event. Its half minute is shortened here by moving the due time."""
    stack = make_stack()
    api, r = new_technician(stack), read_redis(stack)
    stack.stop("invitations-1")
    made = api.create(send_email=True, customer_email="late@example.com")[1]
    wait_until(lambda: any(e.get("session") == made["id"] for _, _, e in journal(stack)), 10, lambda: "the event is in Kafka")
    restart_broker(stack, "invitations-1")
    key, member, at = due_of(r, "mail", made["id"])
    assert time.time() * 1000 < at < time.time() * 1000 + 30000 and not mails(stack, "late@example.com")
    r.zadd(key, {member: 1})
    assert wait_mail(stack, "late@example.com").link == made["install_url"]
    assert api.wait(made["id"], lambda s: s["mail"]["state"] == "sent")
    assert due_of(r, "mail", made["id"])[2] is None


# ---- twice, and at the same time ----

def test_everything_delivered_twice_changes_nothing(stack):
    """S-22 DESIGN 2: commands and events again, for sessions that are open and for ended ones."""
    tina, kim = new_technician(stack), new_technician(stack)
    ended = tina.create(send_email=True, customer_email="ended@example.com")[1]
    tina.end(ended["id"])
    one = tina.create(send_email=True, customer_email="twice@example.com", key="twice-twice")[1]
    refused = tina.create(key="refused-refused")
    assert refused[1]["reason"] == "technician_limit"
    again = kim.create()[1]
    assert kim.call("POST", f"/v1/sessions/{again['id']}/invitations", Idempotency_Key="again-again")[0] == 201
    wait_mail(stack, "twice@example.com")
    tina.wait(one["id"], lambda s: s["mail"]["state"] == "sent")
    r = read_redis(stack)
    mine = {sid: record for _, sid, record in sessions(r) if record["company"] in (tina.company, kim.company)}
    assert produce_again(stack, "beistand.commands") >= 4 and produce_again(stack, "beistand.journal") >= 5
    # Behind all of them, on every partition: what is answered now was handled after the repetition.
    for _ in range(12):
        api = new_technician(stack)
        assert api.end(create_once(api, secrets.token_hex(8))[1]["id"])[0] == 202
    wait_until(lambda: outboxes_empty(r), 10, lambda: "outboxes")
    assert {sid: record for _, sid, record in sessions(r) if sid in mine} == mine
    assert {sid for _, sid, record in sessions(r) if record["company"] in (tina.company, kim.company)} == set(mine)
    assert len(mails(stack, "twice@example.com")) == 1 and len(mails(stack, "ended@example.com")) <= 1
    assert tina.create(send_email=True, customer_email="twice@example.com", key="twice-twice")[1]["id"] == one["id"]
    check_state(r)


def outbox_ids(stack):
    """The event ids of the journal and how often each is there."""
    return Counter(m["headers"]["ce_id"] for m in messages(stack, "beistand.journal"))


def test_two_sweepers_side_by_side_produce_each_event_once(make_stack):
    """DESIGN 2: a bucket has one holder; while both are well nothing comes twice or out of order."""
    stack = make_stack(replicas={"sweeper": 2, "gateway": 2}, env=SHORT_LIVES)
    with Load(stack) as load:
        wait_until(lambda: load.created() >= 40, 60, lambda: f"{load.created()} sessions")
    check_after(stack, load)
    counts = outbox_ids(stack)
    assert len(counts) > 80 and {n for n in counts.values()} == {1}, {k: n for k, n in counts.items() if n > 1}


def test_a_sweeper_that_was_stopped_past_its_lease_does_no_harm(make_stack):
    """DESIGN 2: suspended in the middle of its work and woken when another has its buckets: its fencing epoch is old."""
    stack = make_stack(replicas={"sweeper": 2, "gateway": 2}, env=SHORT_LIVES)
    with Load(stack) as load:
        for name in ["sweeper-1", "sweeper-2", "sweeper-1"]:
            before = load.created()
            wait_until(lambda: load.created() >= before + 6, 30, lambda: "work")  # noqa: B023
            epochs = lease_epochs(stack)
            stack.process(name).signal(signal.SIGSTOP)
            # It held some or all buckets, or none; with work in all of them the other's epochs tell that it took over.
            held = time.monotonic() + LEASE_S + 1
            wait_until(lambda: time.monotonic() > held and load.created() >= before + 12, 40, lambda: "the other goes on")  # noqa: B023
            stack.process(name).signal(signal.SIGCONT)
            taken = {k for k, epoch in lease_epochs(stack).items() if epoch > epochs[k]}
            print(f"{name} was stopped: {len(taken)} buckets changed hands")
        before = load.created()
        wait_until(lambda: load.created() >= before + 6, 30, lambda: "work afterwards")
    assert sum(int(e) > 1 for e in lease_epochs(stack).values()) >= 60, "a bucket's holder was suspended"
    check_after(stack, load)


def lease_epochs(stack):
    r = read_redis(stack)
    return {key: int(r.hget(key, "epoch")) for key in r.scan_iter("*:lease", count=1000)}


def test_a_rolling_restart_loses_no_request(make_stack):
    """S-8 S-61: each replica in turn drains on SIGTERM and comes back; whoever asks again is served."""
    stack = make_stack(replicas={name: 2 for name in ("gateway", "activation", "licensing", "sweeper", "invitations", "relay")}, env=SHORT_LIVES)
    with Load(stack, viewers=1) as load:
        for name in [i for s in ("gateway", "activation", "relay", "licensing", "sweeper", "invitations") for i in stack.instances(s)]:
            assert stack.stop(name), f"{name} did not drain"
            assert stack.process(name).exit_status == 0, name
            stack.start(name)
            stack.wait_ready([name])
    check_after(stack, load)
    print(f"{load.created()} sessions, {load.unanswered} requests asked again")
