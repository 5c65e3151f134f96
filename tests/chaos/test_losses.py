"""Redis loses what it had: everything, or the last minute. Nobody is ready with it until beistand-cli rebuild has folded the
topics into it. What was answered to a create is in Kafka by then, so it is all there again; an end and an activation are
answered before (they work without Kafka), so those of the last second may be undone: they are counted."""
import shutil
import time

import pytest

from campaign import loaded
from flows import read_redis
from invariants import sessions
from load import check_works, work
from stack import http_status, wait_until

LAST_S = 1


@pytest.fixture(scope="module")
def suite(own_suite):
    return own_suite()


def why(suite, instance):
    return http_status(suite.health(instance) + "/readyz?verbose")[1]


def lose(suite, copy=None):
    """Redis is killed and comes back empty, or with that copy; then it is rebuilt. When it was killed."""
    at = time.monotonic()
    suite.replace_redis(copy)
    wait_until(lambda: all("beistand-cli rebuild" in why(suite, i) for i in suite.everybody()), 30, lambda: why(suite, "sweeper-1"))
    held = len(list(sessions(read_redis(suite))))
    status, told = suite.rebuild()
    assert status == 0, told
    suite.wait_ready(seconds=60)
    return at, held, told


def undone(suite, load, late):
    """How many of the late answers are not so after all."""
    records = {sid: record for _, sid, record in sessions(read_redis(suite))}
    return sum("activated_at" not in records[sid] if state == "active" else records[sid]["reason"] not in
               ("ended_by_technician", "ended_by_customer") for sid, state in late if sid in records) + load.undone


@pytest.mark.real
def test_redis_emptied_and_rebuilt_under_load(suite, report):
    rounds, late, folded = 2, set(), []
    with loaded(suite, losses=True) as load:
        for _ in range(rounds):
            work(load, 25)
            at, held, told = lose(suite)
            assert held == 0
            folded.append(told["sessions"])
            late |= load.forgive(at - LAST_S, at + LAST_S)
        work(load, 25)
    check_works(suite, load.apis)
    report.line(f"Redis emptied and rebuilt {rounds} times under load: {load.created()} sessions, folded {folded}; of {len(late)} ends and "
                f"activations told in the last second {undone(suite, load, late)} undone")


@pytest.mark.real
def test_redis_restored_to_a_minute_ago_and_rebuilt_under_load(suite, report, tmp_path):
    with loaded(suite, losses=True) as load:
        work(load, 15)
        shutil.copytree(suite.root / "redis", tmp_path / "copy")
        copied = time.monotonic()
        wait_until(lambda: load.errors or time.monotonic() > copied + 60, 90, lambda: "a minute")
        newest = len(list(sessions(read_redis(suite))))
        at, held, told = lose(suite, tmp_path / "copy")
        assert held < newest
        late = load.forgive(at - LAST_S, at + LAST_S)
        work(load, 25)
    check_works(suite, load.apis)
    report.line(f"Redis restored to a minute ago and rebuilt under load: it had {held} of {newest} sessions, {told['sessions']} folded; of "
                f"{len(late)} ends and activations told in the last second {undone(suite, load, late)} undone")
