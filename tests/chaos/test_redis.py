"""Redis killed and started again under load: its append-only file has everything that was answered."""
import pytest

from campaign import loaded, nobody_is_ready
from flows import read_redis
from load import check_works, work
from stack import wait_until


@pytest.mark.real
def test_redis_killed_and_restarted_loses_nothing(suite, report, receiver):
    """DESIGN 2. Nobody works with a Redis that was not compared with the journal, so all wait for readiness only."""
    rounds = 4
    with loaded(suite, receiver) as load:
        for _ in range(rounds):
            work(load, 15)
            suite.kill("redis")
            wait_until(lambda: nobody_is_ready(suite), 15, lambda: "everybody notices")
            suite.start("redis")
            suite.wait_ready(seconds=60)
        work(load, 15)
    check_works(suite, load.apis)
    report.line(f"Redis killed and restarted {rounds} times: {load.created()} sessions, {load.unanswered} requests asked again")


@pytest.mark.real
def test_redis_killed_together_with_services_loses_nothing(suite, report, receiver):
    """A machine that goes down takes some of each; what comes back finds the others."""
    rounds = 3
    with loaded(suite, receiver) as load:
        for number in range(rounds):
            work(load, 10)
            names = [suite.instances(s)[number % 2] for s in ("gateway", "licensing", "sweeper", "activation", "invitations")]
            [suite.kill(name) for name in ["redis", *names]]
            [suite.start(name) for name in ["redis", *names]]
            suite.wait_ready(seconds=60)
        work(load, 10)
    check_works(suite, load.apis)
    assert read_redis(suite).config_get("appendfsync") == {"appendfsync": "always"}
    report.line(f"Redis killed together with half of the services {rounds} times: {load.created()} sessions, "
                f"{load.unanswered} requests asked again")
