"""Two sweepers at the same buckets: leases that are torn away in the middle of a batch, and one that sleeps for a minute."""
import random
import signal

import pytest

from campaign import loaded
from flows import read_redis
from load import check_works, work
from meanwhile import Meanwhile
from stack import wait_until

ASLEEP_S = 60


def epochs(r):
    return {key: int(r.hget(key, "epoch")) for key in r.scan_iter("*:lease", count=1000)}


class Thief(Meanwhile):
    """Lets leases run out before their time, so that both sweepers take the same bucket for theirs."""

    def __init__(self, suite):
        super().__init__(0.01)
        self.r, self.rng, self.stolen = read_redis(suite), random.Random(3), 0
        self.leases = sorted(self.r.scan_iter("*:lease", count=1000))

    def step(self):
        self.r.hset(self.rng.choice(self.leases), "until", 0)
        self.stolen += 1


def test_two_sweepers_racing_for_the_same_buckets_lose_nothing(suite, report, receiver):
    """DESIGN 2: duplicates, no gaps, one audit record each: the fence stands between them."""
    r = read_redis(suite)
    before = epochs(r)

    def taken():
        return sum(epoch - before[key] for key, epoch in epochs(r).items())
    with loaded(suite, receiver) as load, Thief(suite) as thief:
        work(load, 60)
        wait_until(lambda: taken() > 100, 120, lambda: f"{taken()} buckets changed hands")
    check_works(suite, load.apis)
    report.line(f"two sweepers racing: {thief.stolen} leases torn away, {taken()} takeovers, {load.created()} sessions")


@pytest.mark.real
def test_a_sweeper_asleep_for_a_minute_does_no_harm(suite, report, receiver):
    """DESIGN 2: with a batch in its hands; woken when another has its buckets, its fencing epoch is old."""
    r = read_redis(suite)
    with loaded(suite, receiver) as load:
        for name in suite.instances("sweeper"):
            work(load, 15)
            before = epochs(r)
            suite.process(name).signal(signal.SIGSTOP)
            created = load.created()
            load.stopping.wait(ASLEEP_S)
            suite.process(name).signal(signal.SIGCONT)
            assert load.created() > created + 20, "the other goes on"
        taken = {key for key, epoch in epochs(r).items() if epoch > before[key]}
        work(load, 15)
    assert taken, "a holder was asleep"
    wait_until(lambda: suite.wait_ready() is None, 30, lambda: "ready")
    check_works(suite, load.apis)
    report.line(f"each of two sweepers asleep for {ASLEEP_S} s: {load.created()} sessions, {load.unanswered} requests asked again")
