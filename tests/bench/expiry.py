"""Open invitations that run out: how late, and what the waiting and the ending cost."""

import math
import time

from control_plane import fsync_always
from figures import percentile
from tenants import PIPELINED, Tenants, connect
from usage import Usage, processes

OPEN, PER_COMPANY = 100000, 5
LIFE_MS = 24 * 3600 * 1000
SETTLE_S, TRICKLE_S, BURST_S, BURST_RATE = 100, 30, 15, 200
WORKERS = ("sweeper", "licensing", "redis")


def schedule(start):
    """When each of them runs out: a burst out of the midst, the others evenly over a day from start on."""
    burst_at, burst = start + TRICKLE_S * 1000, BURST_RATE * BURST_S
    times = [start + i * LIFE_MS // (OPEN - burst) for i in range(OPEN - burst)]
    times += [burst_at + i * 1000 // BURST_RATE for i in range(burst)]
    return times, burst_at, burst_at + BURST_S * 1000


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def wait_until_ms(at):
    time.sleep(max(0, at / 1000 - time.time()))


def outbox(server):
    pipe = server.pipeline(transaction=False)
    for bucket in range(64):
        pipe.xlen(f"{{s{bucket:02d}}}:outbox")
    return sum(pipe.execute())


def read_ends(server, records):
    ends = []
    for at in range(0, len(records), PIPELINED):
        pipe = server.pipeline(transaction=False)
        for record in records[at : at + PIPELINED]:
            pipe.hmget(record, "state", "ended_at", "invitation_expires_at")
        ends += pipe.execute()
    return ends


def lateness(server, records, times, first, last):
    """Seconds, of those that were to run out in [first, last) ms; all of them must have ended."""
    mine = [record for record, at in zip(records, times) if first <= at < last]
    wait_for(lambda: all(state == "ended" for state, _, _ in read_ends(server, mine)), 60, "the last end")
    return [(int(ended) - int(due)) / 1000 for _, ended, due in read_ends(server, mine)]


def measure_expiry(figures, stack, kafka):
    fsync_always(stack)
    server = connect(stack)
    tenants = Tenants(stack, math.ceil(OPEN / PER_COMPANY), PER_COMPANY, with_keys=False)
    started = time.monotonic()
    start = int((time.time() + SETTLE_S) * 1000)
    times, burst_at, burst_end = schedule(start)
    records = tenants.invite(lambda i: times[i] - int(time.time() * 1000))
    made = time.monotonic() - started
    wait_for(lambda: outbox(server) == 0, SETTLE_S, "the outboxes to be empty")
    print(f"  {OPEN} invitations made in {made:.0f} s, journaled after {time.monotonic() - started:.0f} s", flush=True)
    assert time.time() * 1000 < start, "making them took too long for the schedule"
    wait_until_ms(start)
    with Usage(processes(stack, kafka)) as usage:
        wait_until_ms(burst_at)
    report(figures, f"{OPEN} open, {1000 * (OPEN - BURST_RATE * BURST_S) / LIFE_MS:.1f} expire a second", usage,
           lateness(server, records, times, start, burst_at), 20)
    with Usage(processes(stack, kafka)) as usage:
        wait_until_ms(burst_end)
    report(figures, f"burst, {BURST_RATE} expire a second", usage, lateness(server, records, times, burst_at, burst_end), None)


def report(figures, name, usage, late, share):
    figures.add(f"{name}: p99 late", percentile(late, 99), "s", at_most=2, note=f"{len(late)} ended")
    figures.add("… sweeper + licensing + redis", 100 * usage.share(*WORKERS), "% of a core", at_most=share,
                note=", ".join(f"{w} {100 * usage.share(w):.1f}" for w in WORKERS))
    print(f"  {usage.table()}", flush=True)
