#!/usr/bin/python3
"""make bench: the issue's figures from one run of the real suite on this machine, in at most eight minutes.

    run.py [create] [start] [memory] [relay] [screen] [program] [get] [rate] [expiry]     all without

Prints each figure with its target and writes build/bench.json. A missed target is said and is no failure: machines differ.
"""

import http.client
import json
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / "deploy" / "run"),
    str(ROOT / "deploy" / "kafka"),
    str(ROOT / "tests" / "system"),
    str(ROOT / "tests" / "bench"),
]

from control_plane import GATEWAYS, measure_get, measure_rate  # noqa: E402
from expiry import measure_expiry  # noqa: E402
from figures import Figures, percentile  # noqa: E402
from flows import Api, Cli, SimPC, activate, new_e  # noqa: E402
from process import StackError  # noqa: E402
from relay_load import through_haproxy, through_relay  # noqa: E402
from stack import FRONTED, SERVICES, Stack  # noqa: E402

CREATES, WARM = 300, 30
RELAY_BYTES, RELAY_S = 512 << 20, 60
SCREEN_S = (1, 9)


def unlimited(stack):
    """A technician whom no limit holds back."""
    company = stack.directory.operator(
        "company-create",
        "--name",
        "Bench",
        "--contact",
        "-",
        "--plan",
        "premier",
        "--seats",
        "200000",
        "--limit-company",
        "100000",
        "--limit-technician",
        "100000",
    )["id"]
    tid, _ = stack.directory.create_technician(company, "Bench", f"bench-{secrets.token_hex(4)}@example.com")
    return Api(stack, stack.directory.create_key(company, tid), company, tid)


class Gateway:
    """One kept-alive connection to a gateway itself."""

    def __init__(self, address, key):
        self.connection, self.key = http.client.HTTPConnection(address, timeout=20), key

    def create(self):
        """Seconds until 201."""
        started = time.monotonic()
        self.connection.request(
            "POST",
            "/v1/sessions",
            json.dumps({"send_email": False}),
            {
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(8),
            },
        )
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 201, (answer.status, body)
        return time.monotonic() - started


def measure_create(figures, stack):
    gateway = Gateway(stack.address("gateway-1"), unlimited(stack).key)
    for _ in range(WARM):
        gateway.create()
    took = [gateway.create() * 1000 for _ in range(CREATES)]
    figures.add(
        "create → 201, embedded broker, p50",
        percentile(took, 50),
        "ms",
        at_most=15,
        note=f"{CREATES} one after the other",
    )
    figures.add("create → 201, embedded broker, p99", percentile(took, 99), "ms")


def on_real_kafka(figures, folder, wanted):
    """What is only true with a real broker: one of them for all of it."""
    import kafka as real

    try:
        broker = real.Kafka(folder / "kafka").up()
    except (StackError, OSError) as e:
        figures.skip("rate, expiry", str(e).splitlines()[0])
        return
    try:
        with Stack(folder / "real", kafka=broker.bootstrap, replicas={"gateway": GATEWAYS}) as stack:
            stack.up()
            if "rate" in wanted:
                measure_rate(figures, stack, broker, folder)
            if "expiry" in wanted:
                measure_expiry(figures, stack, broker)
    finally:
        broker.down()


def measure_reads(figures, folder):
    with Stack(folder / "reads", service_env={"gateway": {"API_RATE": 0}}) as stack:
        stack.up()
        measure_get(figures, stack, folder)


def rss_mib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure_memory(figures, stack):
    for service in SERVICES:
        figures.add(
            f"idle memory, {service}",
            rss_mib(stack.process(f"{service}-1").pid),
            "MiB",
            at_most=15,
            note="before any load",
        )


def measure_program(figures):
    program = ROOT / "build" / "agent" / "beistand-support.exe"
    if program.exists():
        figures.add("the Windows program", program.stat().st_size / (1 << 20), "MiB", at_most=3)
    else:
        figures.skip("the Windows program", "not built (make agent)")


def measure_relay(figures, stack, folder):
    relay, rate = through_relay(stack, unlimited(stack), activate, RELAY_BYTES, RELAY_S)
    figures.add(
        "relay, records of 16 KiB", relay, "CPU s/GiB", note=f"{rate:.0f} MiB/s, unmasked, without TLS of its own"
    )
    peer = through_haproxy(folder, RELAY_BYTES, RELAY_S)
    if peer:
        figures.add(
            "HAProxy as a tunnel, the same bytes", peer[0], "CPU s/GiB", note=f"{peer[1]:.0f} MiB/s, copied only"
        )
        figures.add("relay against HAProxy", relay / peer[0], "×")
    else:
        figures.skip("HAProxy as a tunnel", "no haproxy here")


def stay(cli, sid, password, seconds):
    lines = cli.run("connect", sid, "--password-file", password, "--seconds", seconds, timeout=90)
    return next(line["updates"] for line in lines if "updates" in line)


def measure_screen(figures, stack, folder):
    api, e = unlimited(stack), new_e()
    status, session = api.create()
    assert status == 201, session
    cli = Cli(stack, api.key, folder / "cli")
    password = cli.set_password(secrets.token_urlsafe(12))
    with SimPC(
        stack, session["install_url"], session["code_prefix"] + e, folder / "pc", "--moving", "--screen", "1280x800"
    ):
        api.wait(session["id"], lambda s: s["online"], 30, "online")
        cli.run("pair", session["id"], "--code", e, "--password-file", password)
        # The count begins before the first whole picture; what a longer stay adds is the rate.
        counts = [stay(cli, session["id"], password, seconds) for seconds in SCREEN_S]
    api.end(session["id"])
    figures.add(
        "screen updates through the relay, 1280×800",
        (counts[1] - counts[0]) / (SCREEN_S[1] - SCREEN_S[0]),
        "per second",
        at_least=20,
        note="simulated PC, moving area",
    )


def on_embedded(figures, folder, asked):
    with Stack(folder / "embedded") as stack:
        before = time.monotonic()
        stack.up()
        if asked("start"):
            figures.add(
                "up, after a build",
                time.monotonic() - before,
                "s",
                at_most=15,
                note=f"{len(stack.running())} processes, {len(FRONTED)} behind the edge",
            )
        parts = {
            "memory": lambda: measure_memory(figures, stack),
            "create": lambda: measure_create(figures, stack),
            "relay": lambda: measure_relay(figures, stack, folder),
            "screen": lambda: measure_screen(figures, stack, folder),
        }
        for name, part in parts.items():
            if asked(name):
                part()


def main(wanted):
    def asked(name):
        return not wanted or name in wanted

    figures, started = Figures(), time.monotonic()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="beistand-bench-") as scratch:
        folder = Path(scratch)
        if any(asked(name) for name in ("start", "memory", "create", "relay", "screen")):
            on_embedded(figures, folder, asked)
        if asked("program"):
            measure_program(figures)
        if asked("get"):
            measure_reads(figures, folder)
        on_kafka = [name for name in ("rate", "expiry") if asked(name)]
        if on_kafka:
            on_real_kafka(figures, folder, on_kafka)
    figures.write(ROOT / "build" / "bench.json")
    print(
        f"in {time.monotonic() - started:.0f} s"
        + (f"; missed: {', '.join(figures.missed)}" if figures.missed else "; every target held")
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StackError, OSError, AssertionError) as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
