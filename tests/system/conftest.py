"""System tests: real binaries, real Redis, the embedded broker; with BEISTAND_REAL_KAFKA=1 a real Apache Kafka for each
stack. `stack` is one whole suite per module; a module that needs settings of its own calls `make_stack`. tests/run.py
reads the counts that --counts writes."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "run"), str(ROOT / "deploy" / "kafka"), str(ROOT / "tests" / "system")]

from kafka import Kafka  # noqa: E402
from stack import Stack, StackError  # noqa: E402

REAL_KAFKA = bool(os.environ.get("BEISTAND_REAL_KAFKA"))


def pytest_addoption(parser):
    parser.addoption("--counts", help="write {passed, failed, skipped} with names to this file")


@pytest.fixture(scope="module")
def make_stack(tmp_path_factory, request):
    """make_stack(replicas=…, env=…, …) → a running Stack; all are stopped at the module's end. kafka=None: the embedded
    broker in any case."""
    made, brokers = [], []

    def make(up=True, demo=True, **options):
        root = tmp_path_factory.mktemp("stack")
        if REAL_KAFKA and "kafka" not in options:
            brokers.append(Kafka(root / "kafka").up())
            options["kafka"] = brokers[-1].bootstrap
        stack = Stack(root, **options)
        made.append(stack)
        return stack.up(demo=demo) if up else stack
    yield make
    stubborn = {str(s.root): names for s in made if (names := s.down())}
    [broker.down() for broker in brokers]
    assert not stubborn, f"had to be killed at the end: {stubborn}"


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """A real Apache Kafka of the module's own; where the artifacts cannot be had its tests are skipped, with the reason."""
    try:
        made = Kafka(tmp_path_factory.mktemp("kafka")).up()
    except (StackError, OSError, subprocess.SubprocessError) as e:
        if REAL_KAFKA:
            raise
        pytest.skip(f"real Apache Kafka cannot be had here: {str(e).splitlines()[0]}")
    yield made
    made.down()


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


def pytest_configure(config):
    if config.getoption("--counts"):
        config.pluginmanager.register(Counter(config.getoption("--counts")))
