"""The contract under test: Lua transitions in a real redis-server, the tables of proto/states, the schemas of
proto/events."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "proto"), str(ROOT / "tests" / "system"), str(ROOT / "tests" / "proto")]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A redis-server of our own on a socket file."""
    folder = tmp_path_factory.mktemp("redis")
    path = folder / "redis.sock"
    process = subprocess.Popen(
        [
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(unix_socket_path=str(path), decode_responses=True)
    client.raw = redis.Redis(unix_socket_path=str(path))  # for values that are no text
    deadline = time.monotonic() + 20
    while True:
        try:
            client.ping()
            break
        except redis.RedisError:
            assert process.poll() is None and time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)
    yield client
    client.close()
    process.terminate()
    process.wait(10)


@pytest.fixture
def house(server):
    from house import House

    return House(server)
