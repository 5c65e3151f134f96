"""What many tenants get out of one machine: creates and ends at a fixed rate over real Kafka, reads on one core."""

import json
import os
import re
import subprocess

from tenants import Tenants, connect
from usage import Usage, pin, processes

COMPANIES, TECHNICIANS = 400, 5
# For a minute the broker's JVM compiles what it will run.
RATE, WARM_S, RATE_S, HOLD_MS, CONNECTIONS, GATEWAYS = 500, 60, 20, 1000, 256, 1
GET_S, GET_CONNECTIONS, GET_TARGET = 8, 128, 30000


def fsync_always(stack):
    connect(stack).config_set("appendfsync", "always")


def load(stack, keys, rate=RATE, seconds=RATE_S, warm=WARM_S):
    gateways = ",".join(stack.address(i) for i in stack.instances("gateway"))
    argv = [stack.build / "bench" / "load", rate, warm, seconds, HOLD_MS, CONNECTIONS, keys, gateways]
    answer = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=warm + seconds + 60, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def measure_rate(figures, stack, kafka, folder):
    """The generator counts from when a request was due; generator, Kafka and Redis share the machine with the services."""
    fsync_always(stack)
    keys = Tenants(stack, COMPANIES, TECHNICIANS).write_keys(folder / "keys")
    with Usage(processes(stack, kafka)) as usage:
        got = load(stack, keys)
    wrong = {name: got[name]["failure"] for name in ("create", "end") if got[name]["failed"]}
    note = f"{COMPANIES} companies, {len(stack.instances('gateway'))} gateway(s), no TLS, no edge, real Kafka, AOF always"
    figures.add(f"creates + ends, {RATE} + {RATE} due a second", got["operations"] / got["seconds"], "per second",
                at_least=1000 * 0.999, note=note)
    figures.add("… failed or unanswered", got["create"]["failed"] + got["end"]["failed"] + got["unanswered"], "", at_most=0,
                note=str(wrong) if wrong else "")
    for name in ("create", "end"):
        figures.add(f"… {name} p50", got[name]["p50"], "ms")
        figures.add(f"… {name} p99", got[name]["p99"], "ms", at_most=100, note=f"{got[name]['answered']} answered")
    print(f"  {usage.table()}", flush=True)


# ---- reads ----

# Requests are made before the first is sent, so that the generator only has to pick the next.
WRK_SCRIPT = """
local requests, at = {}, 0
function init()
    for line in io.lines("%s") do
        local key, path = line:match("^(%%S+) (%%S+)$")
        requests[#requests + 1] = wrk.format("GET", path, {Host = wrk.headers["Host"], Authorization = "Bearer " .. key})
    end
end
function request()
    at = at %% #requests + 1
    return requests[at]
end
"""


def wrk(stack, folder, reads):
    """reads: [(key, path)], taken in turn. Requests a second; everything else than 2xx fails the measurement."""
    (folder / "reads.txt").write_text("".join(f"{key} {path}\n" for key, path in reads))
    (folder / "reads.lua").write_text(WRK_SCRIPT % (folder / "reads.txt"))
    argv = ["wrk", "-t1", f"-c{GET_CONNECTIONS}", f"-d{GET_S}s", "-s", folder / "reads.lua",
            f"http://{stack.address('gateway-1')}"]
    answer = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=GET_S + 30, check=False)
    assert answer.returncode == 0 and "Non-2xx" not in answer.stdout, answer.stdout + answer.stderr
    return float(re.search(r"Requests/sec:\s+([\d.]+)", answer.stdout)[1])


def measure_get(figures, stack, folder):
    """The gateway alone on one core, everything else on the others; its rate limit is off. Each request is another
    technician's, with their own key, for their own session."""
    cores = sorted(os.sched_getaffinity(0))
    others = set(cores[1:]) or set(cores)
    tenants = Tenants(stack, COMPANIES, TECHNICIANS)
    records = tenants.invite(lambda i: 86400000)
    sessions = [record.rpartition(":")[2] for record in records]
    for pid in [os.getpid(), *filter(None, processes(stack).values())]:
        pin(pid, others)
    pin(stack.process("gateway-1").pid, {cores[0]})
    try:
        for name, paths in (("/v1/me", ["/v1/me"] * len(sessions)), ("/v1/sessions/{id}", [f"/v1/sessions/{s}" for s in sessions])):
            reads = list(zip(tenants.keys, paths))
            wrk(stack, folder, reads)
            with Usage(processes(stack)) as usage:
                rate = wrk(stack, folder, reads)
            figures.add(f"GET {name}, gateway on one core", rate, "per second", at_least=GET_TARGET,
                        note=f"{len(reads)} keys in turn; {rate / usage.share('gateway'):.0f} per CPU second of the gateway, "
                        f"redis {100 * usage.share('redis'):.0f} %")
    finally:
        pin(os.getpid(), set(cores))
