"""kill -9 at the named failpoints (services/common/failpoint.h), each between two steps of commit, outbox, produce, ack,
trim and reply, while people go on working: nobody who got an answer loses it, no seat leaks."""
import time

import pytest

from load import Load, check_after, check_works

SIGKILLED = -9
# Each service dies once at each of its points, at the n-th time it passes there, and is started again.
FAILPOINTS = {
    "gateway-1": ["gateway.command:4", "gateway.commanded:3", "gateway.outcome:4", "gateway.ended:3", "gateway.ticket:2"],
    "licensing-1": ["licensing.received:3", "licensing.committed:3", "licensing.acked:3"],
    "sweeper-1": ["sweeper.read:9", "sweeper.acked:4", "sweeper.produced:7", "sweeper.trimmed:5", "sweeper.due:1", "sweeper.commanded:1"],
    "activation-1": ["activation.received:3", "activation.committed:3", "activation.reply:2", "activation.reported:3"],
    "invitations-1": ["invitations.received:3", "invitations.sent:2", "invitations.stored:2"],
    "relay-1": ["relay.ticket:3", "relay.offered:2", "relay.paired:4"],
}
KILLS = sum(map(len, FAILPOINTS.values()))
ROUND_S = 300


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(replicas={"gateway": 2, "activation": 2, "licensing": 2},
                      env={"INVITATION_TTL_MS": "8000", "SESSION_TTL_MS": "20000", "COMMAND_TIMEOUT_MS": "8000"})


def kill_at_each(stack, failpoints, load):
    """Runs until every service has died at each of its points; {point: seconds until it was reached}."""
    waiting = {name: list(points) for name, points in failpoints.items()}
    armed, died = {}, {}
    deadline = time.monotonic() + ROUND_S

    def arm(name):
        """Starts it with the next point; without one when it has died at all of them."""
        point = waiting[name].pop(0) if waiting[name] else None
        stack.start(name, {"FAILPOINT": point} if point else None)
        armed[name] = (point, time.monotonic())
    for name in waiting:
        stack.stop(name)
        arm(name)
    while any(point for point, _ in armed.values()) and not load.errors:
        assert time.monotonic() < deadline, f"not reached: {[p for p, _ in armed.values() if p]}; died at {died}"
        for name, (point, since) in list(armed.items()):
            process = stack.process(name)
            if process.pid or process.exit_status is None:
                continue  # running, or its threads are still going
            assert point and process.exit_status == SIGKILLED, f"{name} ended by itself: {stack.why_not(name)}"
            died[point] = round(time.monotonic() - since, 1)
            arm(name)
        time.sleep(0.05)
    return died


def test_kills_at_every_failpoint_lose_nothing(stack):
    """DESIGN 2 and 7: at least twenty kills."""
    with Load(stack, technicians=6, viewers=1) as load:
        died = kill_at_each(stack, FAILPOINTS, load)
        stack.wait_ready()
    assert len(died) == KILLS >= 20, died
    assert load.used_tickets > 0 and load.created() >= 12
    check_after(stack, load)
    check_works(stack, load.apis)
    print(f"{KILLS} kills, {load.created()} sessions, {load.unanswered} requests asked again; seconds until each: {died}")
