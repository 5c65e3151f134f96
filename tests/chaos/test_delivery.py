"""What Kafka may do to messages: twice, and in another order. Commands and events of open and of ended sessions come again
while people go on working; nothing goes back."""
import random

from campaign import loaded
from flows import read_redis
from invariants import sessions
from load import check_works, work
from topics import messages, produce_again, produce_as_it_was

TOPICS = ("beistand.commands", "beistand.journal", "beistand.mail")


def ended(suite):
    """What will never change again."""
    return {sid: record for _, sid, record in sessions(read_redis(suite))
            if record["state"] == "ended" and record["removal"] in ("none", "removed")}


def nothing_went_back(suite, before):
    now = {sid: record for _, sid, record in sessions(read_redis(suite)) if sid in before}
    changed = {sid for sid in before if now[sid] != before[sid]}
    assert not changed, [(before[sid], now[sid]) for sid in changed][:2]


def test_everything_produced_twice_changes_nothing(suite, report, receiver):
    with loaded(suite, receiver) as load:
        work(load, 40)
        before = ended(suite)
        again = {topic: produce_again(suite, topic) for topic in TOPICS[:2]}
        work(load, 40)
        nothing_went_back(suite, before)
    nothing_went_back(suite, before)
    check_works(suite, load.apis)
    assert again["beistand.commands"] > 40 and again["beistand.journal"] > 80 and len(before) > 10
    report.line(f"everything produced twice under load: {again}, {load.created()} sessions")


def test_old_versions_after_new_ones_change_nothing(suite, report, receiver):
    """Events and commands as they were (with their ids), those of different sessions mixed, the newest first."""
    rng = random.Random(7)
    with loaded(suite, receiver) as load:
        work(load, 30)
        before, count = ended(suite), 0
        for topic in TOPICS:
            old = messages(suite, topic)[-120:]
            rng.shuffle(old)
            for message in sorted(old, key=lambda m: -m["offset"] // 20):
                produce_as_it_was(suite, topic, message)
                count += 1
        work(load, 30)
        nothing_went_back(suite, before)
    nothing_went_back(suite, before)
    check_works(suite, load.apis)
    assert count > 200 and len(before) > 10
    report.line(f"{count} events and commands produced again out of order under load, {load.created()} sessions")
