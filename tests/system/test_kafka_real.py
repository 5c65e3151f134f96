"""With a broker that remembers (real Apache Kafka, from Maven artifacts): restart, retention of offsets, and the journal
as the whole truth are claimed here and nowhere else. `make test` runs it once; make test-real-kafka more often."""
import pytest
import requests

from fixtures import REAL_KAFKA
from flows import Support, journal, mails, new_technician, read_redis, wait_mail
from invariants import check_journal, sessions
from load import Load, check_after, check_works, work
from stack import http_status, wait_until

ROUNDS = 4 if REAL_KAFKA else 1
NEEDS_KAFKA = ["licensing-1", "sweeper-1", "invitations-1", "gateway-1"]
READY_S = 60  # a group waits for the sessions of members that are gone
ENV = {"INVITATION_TTL_MS": "15000", "SESSION_TTL_MS": "30000"}


@pytest.fixture(scope="module")
def stack(kafka, make_stack):
    return make_stack(kafka=kafka.bootstrap, replicas={"gateway": 2, "sweeper": 2, "licensing": 2}, env=ENV)


def test_redis_is_the_fold_of_the_journal(stack):
    """DESIGN 2: every version of every session is there, in order; the highest is what Redis has."""
    with Load(stack) as load:
        work(load, 20)
    check_after(stack, load)


def test_a_broker_killed_and_restarted_loses_no_acked_event(stack, kafka):
    """DESIGN 2: what was answered is in the journal, whatever the broker and its clients went through."""
    with Load(stack) as load:
        for _ in range(ROUNDS):
            work(load)
            kafka.kill()
            wait_until(lambda: all(http_status(stack.health(n) + "/readyz")[0] == 503 for n in NEEDS_KAFKA), 15,
                       lambda: "everybody notices")
            kafka.up()
            stack.wait_ready(seconds=READY_S)
        work(load)
    check_after(stack, load)
    check_works(stack, load.apis)


def test_the_main_job_runs_on_it(stack, tmp_path):
    """S-60"""
    with Support(stack, tmp_path, invite=("--email", "kim@example.com")) as one:
        assert wait_mail(stack, "kim@example.com").link == one.link
        one.paired()
        one.pc.say("say hello")
        assert one.read_screen(0) == "hello"
        assert one.api.end(one.id)[0] == 202
        one.ended("ended_by_technician")


def test_after_a_restart_of_everything_nothing_is_done_twice(stack, kafka):
    """S-60: offsets, journal and state survive; commands and mails of before are not repeated."""
    api = new_technician(stack)
    made = api.create(send_email=True, customer_email="once@example.com")[1]
    wait_mail(stack, "once@example.com")
    api.wait(made["id"], lambda s: s["mail"]["state"] == "sent")
    before = by_place(journal(stack))
    assert stack.down() == [] and kafka.down()
    kafka.up()
    stack.up(demo=False)
    after = by_place(journal(stack))
    assert all(after.get(place) == event for place, event in before.items()), "the journal of before is there"
    again = new_technician(stack)
    fresh = again.create()[1]
    assert api.call("POST", f"/v1/sessions/{made['id']}/invitations", Idempotency_Key="second-mail")[0] in (201, 409)
    done = sum(commands(stack, name) for name in stack.instances("licensing"))
    assert 2 <= done <= 4, f"{done} commands were run after the restart"  # these two, and what expired meanwhile
    assert len([m for m in mails(stack, "once@example.com") if made["install_url"] in m.text]) == 1
    again.end(fresh["id"])
    r = read_redis(stack)
    wait_until(lambda: api.session(made["id"])["status"] == "ended" or api.end(made["id"]), 5, lambda: "ended")
    wait_until(lambda: not any(r.xlen(k) for k in r.scan_iter("*:outbox")), 10, lambda: "outboxes")
    check_journal(r, journal(stack))
    assert len(list(sessions(r))) > 2


def by_place(events):
    return {(partition, offset): event for partition, offset, event in events}


def commands(stack, name):
    """How many commands a replica of licensing has finished since its start."""
    text = requests.get(stack.health(name) + "/metrics", timeout=5).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("beistand_commands_total"))
