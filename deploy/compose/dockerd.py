"""A Docker daemon of our own for `make test-compose`: everything it writes is in one temporary folder, it changes no
firewall rule and makes no bridge before it is asked to, and it is stopped by its pid."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "run"))

from process import Process, StackError  # noqa: E402

START_S, STOP_S = 60, 60


class CannotStart(Exception):
    """Why there is no Docker on this machine."""


def answers(host=None):
    env = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    try:
        return subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], env=env, capture_output=True,
                              timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Dockerd:
    """Uses the machine's daemon when one answers, else starts one. host: what DOCKER_HOST must be (None: as it is)."""

    def __init__(self):
        self.root = self.process = self.host = None

    def start(self):
        if answers():
            return self
        self.check_possible()
        self.root = Path(tempfile.mkdtemp(prefix="beistand-docker-"))
        self.host = f"unix://{self.root}/socket"
        self.process = Process("dockerd", self.root, self.root)
        # Without rules and forwarding the containers have no way out, and nothing of this machine's network changes;
        # published ports work through docker-proxy.
        argv = ["dockerd", "--host", self.host, "--data-root", self.root / "data", "--exec-root", self.root / "exec",
                "--pidfile", self.root / "dockerd-own.pid", "--bridge=none", "--iptables=false", "--ip-forward=false",
                "--ip-masq=false"]
        path = "/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("PATH", "")
        self.process.start(argv, {**os.environ, "PATH": path}, self.root)
        deadline = time.monotonic() + START_S
        while not answers(self.host):
            if not self.process.pid or time.monotonic() > deadline:
                why = self.process.last_lines(8)
                self.stop()
                raise CannotStart(f"dockerd does not start:\n{why}")
            time.sleep(0.2)
        return self

    def check_possible(self):
        if os.getuid() != 0:
            raise CannotStart("no Docker daemon runs, and only root can start one")
        if not shutil.which("dockerd", path="/usr/sbin:/usr/bin:" + os.environ.get("PATH", "")):
            raise CannotStart("dockerd is not installed (packages-compose.txt)")

    def stop(self):
        """Returns what is left running or mounted below our folder: nothing, if all went well."""
        if not self.process:
            return []
        if not self.process.stop(STOP_S):
            self.stop_containerd()
        left = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if f"{self.root}/" in line]
        for mount in reversed(left):
            subprocess.run(["umount", mount], check=False)
        shutil.rmtree(self.root, ignore_errors=True)
        self.process = None
        return left

    def stop_containerd(self):
        """dockerd takes its containerd with it, unless it was killed."""
        try:
            os.kill(int((self.root / "exec" / "containerd" / "containerd.pid").read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            pass

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        left = self.stop()
        if left and not error[0]:
            raise StackError(f"mounts were left by dockerd: {left}")
