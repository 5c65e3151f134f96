"""The broker killed and started again under load: it remembers, and nothing that was answered is missing in it."""
import pytest

from campaign import loaded, nobody_is_ready
from load import check_works, work
from stack import wait_until

NEEDS_KAFKA = ("licensing", "sweeper", "invitations", "gateway")
PATIENCE_S = 13  # longer than a producer tries (message.timeout.ms)


@pytest.mark.real
@pytest.mark.parametrize("outage_s", [0, PATIENCE_S])
def test_a_broker_killed_and_restarted_loses_nothing(suite, report, receiver, outage_s):
    """DESIGN 2: once it is back at once, once so late that deliveries have failed meanwhile and are made again."""
    rounds = 2
    with loaded(suite, receiver) as load:
        for _ in range(rounds):
            work(load, 15)
            suite.broker.kill()
            wait_until(lambda: nobody_is_ready(suite, NEEDS_KAFKA), 20, lambda: "everybody notices")
            load.stopping.wait(outage_s)
            suite.broker.up()
            suite.wait_ready(seconds=90)
        work(load, 15)
    check_works(suite, load.apis)
    report.line(f"Kafka killed and restarted {rounds} times, away for {outage_s} s and until it was noticed: {load.created()} sessions, "
                f"{load.unanswered} requests asked again")
