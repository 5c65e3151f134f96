"""make test-chaos: a whole suite with replicas of everything, real Redis (append-only file synced at every write) and real
Apache Kafka, under the load of tests/system/load.py. With --short on the embedded broker: the part that `make test` runs.
One suite for all tests but those that lose data on purpose. What it came to is written to build/chaos.md."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import fixtures  # noqa: E402
from campaign import Suite  # noqa: E402
from kafka import Kafka  # noqa: E402
from receiver import Receiver  # noqa: E402
from report import Report  # noqa: E402

NEEDS_A_BROKER_THAT_REMEMBERS = "the embedded broker forgets; make test-chaos has the real one"


def pytest_addoption(parser):
    fixtures.add_counts(parser)
    parser.addoption("--short", action="store_true", help="a few minutes' part on the embedded broker")


def pytest_configure(config):
    fixtures.count(config)
    config.addinivalue_line("markers", "real: only with a broker that remembers")


def pytest_collection_modifyitems(config, items):
    """The short run leaves them out; they are not skipped: it never had them."""
    if config.getoption("--short"):
        left_out = [i for i in items if i.get_closest_marker("real")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [i for i in items if i not in left_out]


@pytest.fixture(scope="session")
def short(request):
    return request.config.getoption("--short")


@pytest.fixture(scope="session")
def report(short):
    made = Report(fixtures.ROOT / "build" / ("chaos-short.md" if short else "chaos.md"))
    yield made
    made.write()


def suites(tmp_path_factory, short):
    """Generator of make(**options) → a running Suite; all are stopped when it goes on."""
    made = []

    def make(**options):
        root = tmp_path_factory.mktemp("suite")
        kafka = None if short else Kafka(root / "kafka").up()
        made.append(Suite(root, kafka, **options))
        return made[-1].up()
    yield make
    stubborn = {str(s.root): names for s in made if (names := s.down())}
    [s.broker.down() for s in made if s.broker]
    assert not stubborn, f"had to be killed at the end: {stubborn}"


@pytest.fixture(scope="module")
def own_suite(tmp_path_factory, short):
    """own_suite(**options): for tests that leave something behind."""
    yield from suites(tmp_path_factory, short)


@pytest.fixture(scope="session")
def make_suite(tmp_path_factory, short):
    yield from suites(tmp_path_factory, short)


@pytest.fixture(scope="session")
def shared(make_suite):
    return make_suite()


@pytest.fixture
def suite(shared):
    """Whatever the test before left behind: everything runs and is ready."""
    shared.heal()
    return shared


@pytest.fixture(scope="session")
def receiver():
    with Receiver() as made:
        yield made
