"""kill -9 at the named failpoints, each between two steps of commit, outbox, produce, ack, trim and reply, and at random
instants, while people go on working: nobody who got an answer loses it, no seat leaks."""
import re

import fixtures
from campaign import FAILPOINTS, POINTS, Campaign


def test_every_failpoint_of_the_code_is_in_the_campaign():
    named = set()
    for path in (fixtures.ROOT / "services").rglob("*.c"):
        named |= set(re.findall(r'\bfailpoint\("([a-z.]+)"\)', path.read_text()))
    assert named - {"licensing.buried"} == set(POINTS)  # that one: test_poison.py
    assert all(point.startswith(service + ".") for service, points in FAILPOINTS.items() for point in points)


def test_kills_at_every_failpoint_and_at_random_instants_lose_nothing(suite, report, receiver, short):
    """DESIGN 2 and 7: 20 at each point and 100 at random instants (short: 1 and 12), with a check after each 60 (30)."""
    per_point, random_kills, checkpoint = (1, 12, 30) if short else (20, 100, 60)
    campaign = Campaign(suite, report, receiver, per_point, random_kills, checkpoint)
    campaign.run()
    assert all(campaign.kills[p] >= per_point for p in POINTS), campaign.kills
    assert campaign.random_kills.total() >= random_kills
    assert campaign.kills.total() + campaign.random_kills.total() >= (300 if not short else 40)
    assert campaign.sessions >= 2 * len(POINTS) and campaign.used_tickets > 0
