#!/usr/bin/python3
"""A virtual environment with tests/contract/requirements.txt, made once per content of that file in the cache folder
(BEISTAND_CACHE or ~/.cache/beistand). Prints its path; exit 1 when the package index is out of reach."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"


def make(folder):
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([PYTHON, "-m", "venv", folder], check=True, capture_output=True, text=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "--retries", "2", "--timeout", "20",
                    "--no-deps", "-r", HERE / "requirements.txt"], check=True, capture_output=True, text=True, timeout=300)
    (folder / "complete").touch()  # last, so that a broken-off installation is done again


def path():
    digest = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("BEISTAND_CACHE") or Path.home() / ".cache" / "beistand")
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"contract-{digest}"
    with open(cache / "contract.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            make(folder)
    return folder


def main():
    try:
        print(path())
        return 0
    except subprocess.TimeoutExpired:
        print("venv: the package index is out of reach (time-out)", file=sys.stderr)
    except subprocess.CalledProcessError as e:
        print(f"venv: {(e.stderr or e.stdout or '').strip().splitlines()[-1:]}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
