"""CPU seconds of a stack's processes over a stretch of time, and on which processors they may run."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pin(pid, processors):
    """All threads that there are; what they start inherits it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), processors)


class Usage:
    """pids: {name: pid}. After the block: seconds, and share(name) of one processor."""

    def __init__(self, pids):
        self.pids = {name: pid for name, pid in pids.items() if pid}

    def __enter__(self):
        self.before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        self.started = time.monotonic()
        return self

    def __exit__(self, *error):
        self.seconds = time.monotonic() - self.started
        self.used = {name: cpu_seconds(pid) - self.before[name] for name, pid in self.pids.items()}

    def share(self, *prefixes):
        return sum(used for name, used in self.used.items() if name.startswith(prefixes)) / self.seconds

    def table(self):
        busy = sorted(self.used.items(), key=lambda item: -item[1])
        return ", ".join(f"{name} {100 * used / self.seconds:.0f} %" for name, used in busy if used / self.seconds >= 0.005)


def processes(stack, kafka=None):
    named = {name: stack.process(name).pid for name in stack.all_names()}
    return {**named, **({"kafka": kafka.process.pid} if kafka else {})}
