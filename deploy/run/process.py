"""Processes of a stack: each is started once, remembered by pid, and stopped by that pid only.

A pid file holds "pid start-time" (field 22 of /proc/PID/stat), so that a pid which the system has
given to somebody else meanwhile is never signalled.
"""
import os
import signal
import subprocess
import time
from pathlib import Path

POLL_S = 0.02


class StackError(Exception):
    """Something did not start, stop or answer; the message is for the person who asked for it."""


def wait_until(condition, seconds, why):
    """Polls; why() words the failure. Returns the condition's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise StackError(f"not within {seconds:g} s: {why()}")
        time.sleep(POLL_S)


def start_time(pid):
    """None when there is no such process, or only its unreaped rest."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Process:
    """One named process. Works across invocations: whoever has the folder can stop what runs there."""

    def __init__(self, name, run_dir, log_dir):
        self.name = name
        self.pid_file = run_dir / f"{name}.pid"
        self.log = log_dir / f"{name}.log"
        self.child = None

    @property
    def pid(self):
        """Pid while it runs, else None."""
        if self.child and self.child.poll() is not None:
            return None
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if start_time(pid) == started else None

    def start(self, argv, env, cwd):
        if self.pid:
            raise StackError(f"{self.name} runs already (pid {self.pid})")
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, env=env, cwd=cwd, start_new_session=True)
        self.pid_file.write_text(f"{self.child.pid} {start_time(self.child.pid)}")

    def signal(self, number):
        pid = self.pid
        if not pid:
            raise StackError(f"{self.name} does not run")
        os.kill(pid, number)

    def wait_gone(self, seconds):
        """Also its threads: until the last of them has ended its ports are taken."""
        deadline = time.monotonic() + seconds
        while self.pid or (self.child and self.child.poll() is None):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def stop(self, grace=10.0):
        """SIGTERM, then SIGKILL after the grace. Returns False when it had to be killed."""
        gentle = True
        if self.pid:
            try:
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGTERM)
            except (StackError, ProcessLookupError):
                pass  # it was ending already
            gentle = self.wait_gone(grace)
            if not gentle:
                self.kill()
        self.pid_file.unlink(missing_ok=True)
        return gentle

    def kill(self):
        if self.pid:
            self.signal(signal.SIGKILL)
            self.wait_gone(5)
        self.pid_file.unlink(missing_ok=True)

    @property
    def exit_status(self):
        """Of a process started by this object; None while it runs or when somebody else started it."""
        return self.child.poll() if self.child else None

    def last_lines(self, n=5):
        try:
            with open(self.log, "rb") as f:
                f.seek(0, os.SEEK_END)
                f.seek(max(0, f.tell() - 8192))
                return b"\n".join(f.read().splitlines()[-n:]).decode(errors="replace")
        except OSError:
            return ""
