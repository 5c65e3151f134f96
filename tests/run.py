#!/usr/bin/python3
"""Everything `make test` runs, in one place, closed by one line: N passed, N failed, N skipped.

    run.py                 units, the contract (proto), borders, system tests, console
    run.py --units DIR     only the unit tests and fuzzers' replays of the build in DIR (make asan)
    run.py --real-kafka    the system tests that touch the bus, against real Apache Kafka
    run.py --chaos         all of tests/chaos, against real Apache Kafka (half an hour)
    run.py --only system   one part: units, proto, borders, system, chaos, console
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "services" / "console"
PYTHON = "/usr/bin/python3"
UNIT_S, PROTO_S, SYSTEM_S, CHAOS_S, CONSOLE_S = 120, 300, 3600, 5400, 1200
# What depends on the broker; the rest would only be repeated.
KAFKA_TESTS = ["test_end_to_end.py", "test_recording.py", "test_kafka_real.py", "test_rebuild.py"]


class Results:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add(self, passed=0, failed=(), skipped=()):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def case(self, name, good, output=""):
        self.add(passed=int(good), failed=[] if good else [name])
        print(f"{'ok' if good else 'not ok'} - {name}", flush=True)
        if not good and output:
            print(output, flush=True)


def run(argv, seconds, cwd=ROOT, env=None, show=False):
    """(exit status, output); status None when it took too long."""
    try:
        result = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, timeout=seconds, text=True, errors="replace",
                                stdout=None if show else subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return result.returncode, result.stdout or ""
    except subprocess.TimeoutExpired as e:
        return None, (e.stdout or b"").decode(errors="replace") if isinstance(e.stdout, bytes) else (e.stdout or "")
    except OSError as e:
        return 127, str(e)


def run_units(results, build):
    """cmocka programs: each of their tests counts."""
    for program in sorted((Path(build) / "tests").glob("test_*")):
        if program.suffix or not os.access(program, os.X_OK):
            continue
        status, output = run([program], UNIT_S)
        good = re.findall(r"^\[\s+OK \] (\S+)", output, re.M)
        bad = sorted(set(re.findall(r"^\[\s+FAILED\s+\] (?!\d+ test)(?:\S+: )?(\S+)", output, re.M)))
        skipped = re.findall(r"^\[\s+SKIPPED \] (?!\d+ test)(\S+)", output, re.M)
        if status != 0 and not bad:
            bad = ["did not finish" if status is None else f"exit status {status}"]
        results.add(len(good), [f"{program.name}: {b}" for b in bad], [f"{program.name}: {s}" for s in set(skipped)])
        print(f"{'not ok' if bad else 'ok'} - {program.name}: {len(good)} passed, {len(bad)} failed", flush=True)
        if bad:
            print(output[-4000:], flush=True)
    replay_fuzzers(results, build)


def replay_fuzzers(results, build):
    """Every fuzzer takes its seeds (the golden vectors) and whatever was found once."""
    sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
    import seeds
    with tempfile.TemporaryDirectory(prefix="beistand-seeds-") as folder:
        seeds.write(folder)
        for name in seeds.names():
            status, output = run([Path(build) / "fuzz" / name, Path(folder) / name], UNIT_S)
            told = re.search(r"^(\d+) inputs$", output, re.M)
            good = status == 0 and told and int(told.group(1)) > 0
            results.case(f"fuzz corpus replays: {name}" + (f", {told.group(1)} inputs" if told else ""), good, output[-4000:])


def run_proto(results):
    status, output = run([PYTHON, "proto/generate.py", "--check"], 60)
    results.case("generated files, states and owners are in step with proto/", status == 0, output)
    status, output = run([PYTHON, "proto/vectors/make.py", "--check"], 60)
    results.case("golden vectors are what the specification gives", status == 0, output)
    with tempfile.TemporaryDirectory(prefix="beistand-proto-") as scratch:
        told = Path(scratch) / "told.xml"
        argv = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={told}", f"--basetemp={scratch}/t", "."]
        status, output = run(argv, PROTO_S, cwd=ROOT / "tests" / "proto", env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        if not told.exists():
            results.case("contract tests", False, output[-4000:])
            return
        cases = ElementTree.parse(told).getroot().iter("testcase")
    by_kind = {"failed": [], "skipped": [], "passed": []}
    for case in cases:
        kind = "failed" if case.find("failure") is not None or case.find("error") is not None else \
            "skipped" if case.find("skipped") is not None else "passed"
        by_kind[kind].append(f"contract: {case.get('classname')}::{case.get('name')}")
    results.add(len(by_kind["passed"]), by_kind["failed"], by_kind["skipped"])
    print(f"{'not ok' if by_kind['failed'] else 'ok'} - contract: {len(by_kind['passed'])} passed, {len(by_kind['failed'])} failed", flush=True)
    if by_kind["failed"]:
        print(output[-8000:], flush=True)


def run_borders(results):
    sys.path.insert(0, str(ROOT / "tests"))
    import borders
    for name, check in borders.checks():
        violations = list(check())
        results.case(f"border: {name}", not violations, "\n".join(f"    {v}" for v in violations[:20]))


def run_system(results, real_kafka=False):
    folder = ROOT / "tests" / "system"
    names = [n for n in KAFKA_TESTS if (folder / n).exists()] if real_kafka else []
    run_pytest(results, "system", folder, [folder / n for n in names or ["."]], SYSTEM_S, {"BEISTAND_REAL_KAFKA": "1"} if real_kafka else {})


def run_chaos(results, short=True):
    folder = ROOT / "tests" / "chaos"
    run_pytest(results, "chaos", folder, [folder, *(["--short"] if short else [])], CHAOS_S, {})


def run_pytest(results, part, folder, args, seconds, env):
    with tempfile.TemporaryDirectory(prefix="beistand-tests-") as scratch:
        counts = Path(scratch) / "counts.json"
        argv = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=10", f"--counts={counts}",
                f"--basetemp={scratch}/t", *args]
        status, _ = run(argv, seconds, cwd=folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env}, show=True)
        if not counts.exists():
            results.add(failed=[f"{part} tests ended with {'a time-out' if status is None else f'status {status}'}"])
            return
        told = json.loads(counts.read_text())
    results.add(len(told["passed"]), [f"{part}: {n}" for n in told["failed"]], [f"{part}: {n}" for n in told["skipped"]])


def tap(results, name, argv, seconds, cwd=ROOT):
    """node --test's closing lines; without any, the exit status is one case."""
    status, output = run(argv, seconds, cwd=cwd)
    total = {k: sum(map(int, re.findall(rf"^# {k} (\d+)", output, re.M))) for k in ("pass", "fail", "skipped")}
    if sum(total.values()) == 0:
        results.case(name, status == 0, output[-4000:])
        return
    # Every enclosing test fails with its child: the deepest "not ok" names are what failed.
    bad = re.findall(r"^\s*not ok (?:\d+ )?-? ?(.*)$", output, re.M)[:total["fail"]]
    if status != 0 and not total["fail"]:
        bad = ["did not finish" if status is None else f"exit status {status}"]
    skipped = re.findall(r"^\s*ok \d+ - (.*# SKIP.*)$", output, re.M)
    results.add(total["pass"], [f"{name}: {b}" for b in bad], [f"{name}: {s}" for s in skipped])
    print(f"{'not ok' if bad else 'ok'} - {name}: {total['pass']} passed, {total['fail']} failed", flush=True)
    if bad:
        print(output[-6000:], flush=True)


def run_console(results):
    if not (CONSOLE / "node_modules").is_dir():
        results.add(skipped=["console: node_modules is missing (make console; is the npm registry in reach?)"])
        return
    scripts = json.loads((CONSOLE / "package.json").read_text()).get("scripts", {})
    if "check" in scripts:
        status, output = run(["npm", "run", "--silent", "check"], CONSOLE_S, cwd=CONSOLE)
        results.case("console: types", status == 0, output[-4000:])
    if "test" in scripts:
        tap(results, "console units", ["npm", "run", "--silent", "test"], CONSOLE_S, cwd=CONSOLE)
    tap(results, "console in the browser", [PYTHON, ROOT / "tests" / "console" / "run"], CONSOLE_S)


def run_real_kafka(results, part):
    """Each stack of these tests starts a broker of its own: groups and topics are one stack's."""
    status, output = run([PYTHON, ROOT / "deploy" / "kafka" / "kafka.py", "fetch"], 600)
    results.case("real Apache Kafka is here", status == 0, output)
    if status == 0:
        part(results)


def close(results, seconds):
    for name in results.skipped:
        print(f"skipped: {name}")
    for name in results.failed:
        print(f"failed: {name}")
    skipped = f", {len(results.skipped)} skipped" if results.skipped else ""
    print(f"in {seconds:.0f} s")
    print(f"{results.passed} passed, {len(results.failed)} failed{skipped}")
    return 1 if results.failed or not results.passed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", metavar="DIR")
    parser.add_argument("--real-kafka", action="store_true")
    parser.add_argument("--chaos", action="store_true")
    parser.add_argument("--only", choices=["units", "proto", "borders", "system", "chaos", "console"])
    args = parser.parse_args()
    build = args.units or os.environ.get("BEISTAND_BUILD") or ROOT / "build"
    parts = {"units": lambda r: run_units(r, build), "proto": run_proto, "borders": run_borders, "system": run_system,
             "chaos": run_chaos, "console": run_console}
    results, started = Results(), time.monotonic()
    if args.real_kafka:
        run_real_kafka(results, lambda r: run_system(r, True))
    elif args.chaos:
        run_real_kafka(results, lambda r: run_chaos(r, short=False))
    elif args.units:
        run_units(results, build)
    else:
        for name, part in parts.items():
            if args.only in (None, name):
                part(results)
    return close(results, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
