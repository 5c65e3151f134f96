"""A customer's PC (simpc) with its commands, and the way from an invitation to a connected technician: what the tests of
the control plane need of whole flows."""
import base64
import json
import secrets
import subprocess
from pathlib import Path

import requests

from flows import Cli, Lines, new_e

PASSWORD = "correct horse battery"


class Customer(Lines):
    """simpc with a link; code None: it is typed later by say("code …"). The folder keeps its state over restarts."""

    def __init__(self, stack, link, folder, *options, code=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        argv = [stack.build / "bin" / "simpc", "--config", stack.root / "program.json", "--state-dir", self.folder / "state",
                *(["--link", link] if link else []), *(["--code", code] if code else []), *options]
        super().__init__(argv, stack.base_env(), self.folder / "simpc.log", stdin=True)

    def say(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()

    def wait_event(self, name, seconds=20):
        return self.wait(lambda line: line.get("event") == name, seconds, name)

    def wait_state(self, state, reason=None, seconds=20):
        """The state of the program, with that reason when one is given."""
        return self.wait(lambda line: line.get("state") == state and reason in (None, line.get("reason")), seconds,
                         f"state {state} {reason or ''}")


def cli_result(cli, *args, timeout=60):
    """(JSON of the last line on stdout or stderr, exit status) of a technician's command."""
    result = subprocess.run(cli.argv(*args), capture_output=True, text=True, timeout=timeout, check=False,
                            env=cli.stack.base_env())
    lines = (result.stdout if result.returncode == 0 else result.stderr).strip().splitlines()
    return (json.loads(lines[-1]) if lines else {}), result.returncode


class Session:
    """One session from the invitation on: api, made (the invitation's JSON), digits (only the two ends know them), pc, cli."""

    def __init__(self, stack, api, folder, *options, **body):
        self.stack, self.api, self.folder = stack, api, Path(folder) / secrets.token_hex(4)
        status, self.made = api.create(**body)
        assert status == 201, self.made
        self.id, self.digits, self.options, self.pc = self.made["id"], new_e(), options, None
        self.cli = Cli(stack, api.key, self.folder / "cli")
        self.cli.set_password(PASSWORD)

    @property
    def code(self):
        return self.made["code_prefix"] + self.digits

    def start(self, *options, code=True):
        self.pc = Customer(self.stack, self.made["install_url"], self.folder, *(options or self.options),
                           code=self.code if code else None)
        return self.pc

    def online(self):
        self.start()
        self.pc.wait_state("active", "online")
        return self

    def pair(self):
        self.cli.run("pair", self.id, "--code", self.code, "--password-file", self.cli.password_file)
        return self

    def connect(self, seconds=60):
        """A technician who stays connected; the first line of its output says that it is."""
        lines = Lines(self.cli.argv("connect", self.id, "--password-file", self.cli.password_file, "--seconds", seconds),
                      self.stack.base_env(), self.folder / "connect.log")
        lines.wait(lambda line: line.get("connected"), 40, "connected")
        return lines

    def close(self):
        if self.pc:
            self.pc.close()


def upgrade(stack, path, *protocols):
    """(status, body) of a WebSocket's opening request that is refused."""
    answer = requests.get(stack.origin + path, verify=str(stack.root / "secrets" / "ca.pem"), timeout=10, headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Protocol": ", ".join(("beistand.v1",) + protocols)})
    return answer.status_code, answer.json()
