"""Redis' clock is everybody's (DESIGN 2): stepped an hour forth and back under load (clock.c). A clock that runs ahead ends
what is over by it; nothing else may change, and nothing goes back."""
import json
import struct
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from campaign import loaded
from flows import activate, new_technician, read_redis, replica
from load import check_works, work
from topics import messages

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
LONG = {"INVITATION_TTL_MS": str(DAY_MS), "SESSION_TTL_MS": str(DAY_MS)}


@pytest.fixture(scope="module")
def offset(tmp_path_factory):
    """The file that says by how much Redis' clock is wrong."""
    return tmp_path_factory.mktemp("clock") / "offset"


@pytest.fixture(scope="module")
def suite(own_suite, offset):
    library = offset.with_name("clock.so")
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library,
                    Path(__file__).with_name("clock.c")], check=True)
    offset.write_bytes(struct.pack("=q", 0))
    return own_suite(service_env={"redis": {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}})


def step(offset, seconds):
    """At once: the file is mapped."""
    with open(offset, "r+b") as f:
        f.write(struct.pack("=q", seconds))


def now(r):
    seconds, micros = r.time()
    return seconds * 1000 + micros // 1000


def marks(r):
    return {key: int(r.get(key)) for key in r.scan_iter("*:clock", count=1000)}


def long_session(suite):
    """The record of an activated session of 24 hours. Only while there is no load: others would get such a session too."""
    suite.stop("gateway-2")
    suite.start("gateway-2", LONG)
    suite.wait_ready()
    status, made = new_technician(suite).create(base=replica(suite, "gateway", 2))
    assert status == 201, made
    assert activate(suite, made)[0] == 200
    suite.restart(["gateway-2"])
    return record_of(suite, made["id"])


def record_of(suite, sid):
    r = read_redis(suite)
    return r.hgetall(next(r.scan_iter(f"*:session:{sid}")))


def check_whole(suite, records):
    """Each has its 24 hours from its activation, and is active still."""
    for before in records:
        record = record_of(suite, before["id"])
        assert record == before | {k: record[k] for k in ("last_online", "last_state") if k in record}
        assert record["state"] == "active"
        assert int(record["expires_at"]) - int(record["activated_at"]) == DAY_MS


def check_order(suite):
    """What the journal tells of a session never goes back in time, nor an outbox in its ids."""
    highest, times, seen = defaultdict(tuple), {}, set()
    for m in messages(suite, "beistand.journal"):
        bucket, ms, seq = m["headers"]["ce_id"].split("-")
        if m["headers"]["ce_id"] in seen:
            continue
        seen.add(m["headers"]["ce_id"])
        place = (m["partition"], bucket)
        assert highest[place] < (int(ms), int(seq)), m["headers"]["ce_id"]
        highest[place] = (int(ms), int(seq))
        event = json.loads(m["payload"])
        if "session" in event and "record" in event:
            assert times.get(event["session"], 0) <= event["time"], event
            times[event["session"]] = event["time"]
    return len(seen)


@pytest.mark.real
def test_redis_clock_stepped_an_hour_forth_and_back(suite, offset, report):
    """Forth: creates, activations, ends and expiries go on in its time. Back: the buckets' high-water marks hold; nothing
    expires until the clock is there again, and no session is shorter for it."""
    r, long, counts = read_redis(suite), [long_session(suite)], []
    with loaded(suite) as load:
        work(load, 20)
        real = now(r)
        step(offset, 3600)
        assert now(r) >= real + HOUR_MS
        work(load, 30)
    counts.append(load.created())
    check_works(suite, load.apis)
    long.append(long_session(suite))
    ahead = marks(r)
    assert all(mark >= real + HOUR_MS for mark in ahead.values()), "every bucket has seen the later time"
    check_whole(suite, long)

    step(offset, 0)
    assert now(r) < min(ahead.values())
    [suite.kill(name) for name in suite.instances("sweeper")]  # their leases end in an hour, by the clock they were made by
    [suite.start(name) for name in suite.instances("sweeper")]
    long.append(long_session(suite))
    assert int(long[-1]["expires_at"]) >= now(r) + DAY_MS
    with loaded(suite, expiring=0) as load:
        work(load, 30)
        assert all(mark >= ahead[key] for key, mark in marks(r).items()), "a high-water mark went back"
        step(offset, 3700)  # it goes on from where it was, so that what is left alone is over in the end
        work(load, 20)
    counts.append(load.created())
    check_works(suite, load.apis)
    check_whole(suite, long)
    events = check_order(suite)
    report.line(f"Redis' clock an hour forth and back: {sum(counts)} sessions, {events} events in order, sessions of 24 h untouched")
