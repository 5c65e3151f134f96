"""What the conftest.py of tests/system and of tests/chaos share: stacks that are stopped at the end, and the counts that
tests/run.py reads."""
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "run"), str(ROOT / "deploy" / "kafka"), str(ROOT / "tests" / "system")]

from kafka import Kafka  # noqa: E402
from stack import Stack  # noqa: E402

REAL_KAFKA = bool(os.environ.get("BEISTAND_REAL_KAFKA"))


def stacks(new_folder, real_kafka=REAL_KAFKA):
    """Generator of make(up=…, demo=…, replicas=…, env=…, …) → a Stack; all are stopped when it goes on. kafka=None: the
    embedded broker in any case."""
    made, brokers = [], []

    def make(up=True, demo=True, **options):
        root = new_folder("stack")
        if real_kafka and "kafka" not in options:
            brokers.append(Kafka(root / "kafka").up())
            options["kafka"] = brokers[-1].bootstrap
        stack = Stack(root, **options)
        made.append(stack)
        return stack.up(demo=demo) if up else stack
    yield make
    stubborn = {str(s.root): names for s in made if (names := s.down())}
    [broker.down() for broker in brokers]
    assert not stubborn, f"had to be killed at the end: {stubborn}"


class Counter:
    def __init__(self, path):
        self.path, self.passed, self.failed, self.skipped = Path(path), [], [], []

    def pytest_runtest_logreport(self, report):
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.skipped.append(f"{report.nodeid}: {reason}")
        elif report.failed:
            self.failed.append(f"{report.nodeid} ({report.when})")
        elif report.when == "call":
            self.passed.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(f"{report.nodeid} (collection)")

    def pytest_sessionfinish(self):
        self.path.write_text(json.dumps({"passed": self.passed, "failed": self.failed, "skipped": self.skipped}))


def add_counts(parser):
    parser.addoption("--counts", help="write {passed, failed, skipped} with names to this file")


def count(config):
    if config.getoption("--counts"):
        config.pluginmanager.register(Counter(config.getoption("--counts")))
