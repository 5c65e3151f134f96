#!/usr/bin/python3
"""make fuzz: builds every fuzzer with clang (libFuzzer, ASan, UBSan) and runs each for a while from the seeds.

    run.py [NAME...]        FUZZ_SECONDS: for each (default 30)     FUZZ_JOBS: side by side (default: processors)

What was found lies in build/libfuzzer/found/NAME-*; a copy in tests/fuzz/corpus/NAME/ is replayed by every `make test`. The
corpus that grew is kept in build/libfuzzer/corpus and used the next time.
"""

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import seeds

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "libfuzzer"
SECONDS = int(os.environ.get("FUZZ_SECONDS", "30"))
JOBS = int(os.environ.get("FUZZ_JOBS", os.cpu_count() or 1))
SANITIZERS = "-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
# fuzz_ws_client and fuzz_http_client hold buffers of a megabyte.
LIMITS = ["-max_len=65536", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]


def build():
    argv = [
        "make",
        f"-j{os.cpu_count() or 1}",
        "-s",
        f"BUILD={BUILD}",
        "CC=clang",
        f"SAN={SANITIZERS}",
        "CFLAGS=-O1 -g",
        "WARN=-Wall -Wextra -Werror",
        "FUZZ_ENGINE=-fsanitize=fuzzer",
        "fuzzers",
    ]
    return subprocess.run(argv, cwd=ROOT, check=False).returncode


def fuzz(name):
    """(name, what it did or None, its output)."""
    grown, found = BUILD / "corpus" / name, BUILD / "found"
    grown.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    argv = [
        BUILD / "fuzz" / name,
        f"-max_total_time={SECONDS}",
        *LIMITS,
        f"-artifact_prefix={found}/{name}-",
        grown,
        BUILD / "seeds" / name,
    ]
    try:
        result = subprocess.run(
            [str(a) for a in argv],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS + 120,
            check=False,
            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"},
        )
    except subprocess.TimeoutExpired as e:
        return name, None, f"did not end: {e}"
    output = result.stdout + result.stderr
    runs = re.search(r"stat::number_of_executed_units:\s+(\d+)", output)
    coverage = re.findall(r"cov: (\d+)", output)
    good = result.returncode == 0 and runs
    return name, f"{int(runs.group(1)):,} runs, {coverage[-1] if coverage else '?'} edges" if good else None, output


def main(wanted):
    started = time.monotonic()
    if build() != 0:
        print("fuzzers could not be built")
        return 1
    seeds.write(BUILD / "seeds")
    names = [name for name in seeds.names() if not wanted or name in wanted or name.removeprefix("fuzz_") in wanted]
    failed = 0
    with ThreadPoolExecutor(JOBS) as pool:
        for name, did, output in pool.map(fuzz, names):
            failed += did is None
            print(f"{'ok' if did else 'not ok'} - {name}: {did or 'found something'}", flush=True)
            if not did:
                print(output[-6000:], flush=True)
    print(f"in {time.monotonic() - started:.0f} s, {SECONDS} s each")
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
