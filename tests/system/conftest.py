"""System tests: real binaries, real Redis, the embedded broker; with BEISTAND_REAL_KAFKA=1 a real Apache Kafka for each
stack. `stack` is one whole suite per module; a module that needs settings of its own calls `make_stack`. tests/run.py
reads the counts that --counts writes."""
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fixtures  # noqa: E402
from kafka import Kafka  # noqa: E402
from stack import StackError  # noqa: E402


def pytest_addoption(parser):
    fixtures.add_counts(parser)


def pytest_configure(config):
    fixtures.count(config)


@pytest.fixture(scope="module")
def make_stack(tmp_path_factory):
    """make_stack(replicas=…, env=…, …) → a running Stack; all are stopped at the module's end. kafka=None: the embedded
    broker in any case."""
    yield from fixtures.stacks(tmp_path_factory.mktemp)


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """A real Apache Kafka of the module's own; where the artifacts cannot be had its tests are skipped, with the reason."""
    try:
        made = Kafka(tmp_path_factory.mktemp("kafka")).up()
    except (StackError, OSError, subprocess.SubprocessError) as e:
        if fixtures.REAL_KAFKA:
            raise
        pytest.skip(f"real Apache Kafka cannot be had here: {str(e).splitlines()[0]}")
    yield made
    made.down()
