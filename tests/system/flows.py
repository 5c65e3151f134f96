"""What people and programs do, as functions for tests: API calls through the edge, mails out of the sink, customers'
PCs (simpc), technicians without a browser (beistand-cli), the journal as Kafka has it."""
import email
import email.policy
import json
import queue
import re
import secrets
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import redis
import requests
from PIL import Image

from processes import activation_body, wrong_code  # noqa: F401: the latter for tests
from stack import wait_until

LINK = re.compile(r"https://[^\s\"'<>]+/i/[0-9a-hjkmnp-tv-z]{26}#[0-9A-HJKMNP-TV-Z-]{18,20}")
TYPED = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{6}-[0-9A-HJKMNP-TV-Z]{6}-[0-9A-HJKMNP-TV-Z]{6}\b")
DAMM = ["0317598642", "7092154863", "4206871359", "1750983426", "6123045978", "3674209581", "5869720134", "8945362017",
        "9438617205", "2581436790"]


def read_redis(stack):
    port = int(stack.redis_url.rsplit(":", 1)[1].split("/")[0])
    return redis.Redis(port=port, decode_responses=True)


def tls_socket(stack, timeout=10):
    """A socket to the edge, for bytes that no HTTP library would send."""
    context = ssl.create_default_context(cafile=str(stack.root / "secrets" / "ca.pem"))
    plain = socket.create_connection(("127.0.0.1", stack.ports["edge"]), timeout)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


# ---- the technician's API ----

class Api:
    """One technician's API key. Answers are (status, body); status 0: the connection broke."""

    def __init__(self, stack, key, company=None, technician=None):
        self.stack, self.key, self.company, self.id = stack, key, company, technician
        self.ca = str(stack.root / "secrets" / "ca.pem")

    def call(self, method, path, body=None, base=None, timeout=20, **headers):
        sent = {"Authorization": f"Bearer {self.key}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        try:
            answer = requests.request(method, (base or self.stack.origin) + path, json=body, headers=sent, timeout=timeout,
                                      verify=self.ca)
        except requests.RequestException as e:
            return 0, {"reason": None, "detail": str(e)}
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status_code, answer.json() if is_json else answer.text

    def create(self, key=None, base=None, timeout=20, **body):
        return self.call("POST", "/v1/sessions", {"send_email": False, **body}, base, timeout,
                         Idempotency_Key=key or secrets.token_hex(8))

    def session(self, sid):
        status, body = self.call("GET", f"/v1/sessions/{sid}")
        assert status == 200, (status, body)
        return body

    def end(self, sid):
        return self.call("POST", f"/v1/sessions/{sid}/end")

    def wait(self, sid, condition, seconds=15, what="state"):
        """Polls until condition(session) holds; returns the session."""
        last = {}

        def holds():
            status, body = self.call("GET", f"/v1/sessions/{sid}")
            last.update(status=status, body=body)
            return body if status == 200 and condition(body) else None
        return wait_until(holds, seconds, lambda: f"{what}: {last}")


def new_technician(stack, company=None, **fields):
    """An API client of a new technician, in a new company when none is given."""
    directory = stack.directory
    cid = company or directory.create_company("Muster GmbH")
    tid, _ = directory.create_technician(cid, "Tina Muster", f"tina-{secrets.token_hex(4)}@example.com", **fields)
    return Api(stack, directory.create_key(cid, tid), cid, tid)


# ---- the program's API, when only a customer's code matters ----

def activate(stack, session, code=None, key=None, token=None, base=None, receipt_key="A" * 43):
    try:
        answer = requests.post(f"{base or stack.origin}/agent/v1/activations", timeout=20,
                               json=activation_body(session, code, token, receipt_key),
                               headers={"Idempotency-Key": key or secrets.token_hex(8)},
                               verify=str(stack.root / "secrets" / "ca.pem"))
        return answer.status_code, answer.json()
    except requests.RequestException as e:
        return 0, {"reason": None, "detail": str(e)}


def replica(stack, service, number):
    """Where one replica listens, past the edge."""
    return f"http://{stack.address(f'{service}-{number}')}"


def damm_digit(digits):
    state = 0
    for digit in digits:
        state = int(DAMM[state][int(digit)])
    return str(state)


def new_e():
    """The eight digits that only the two ends know: seven random and the check digit."""
    digits = f"{secrets.randbelow(10**7):07d}"
    return digits + damm_digit(digits)


# ---- mail ----

class Mail:
    def __init__(self, path):
        self.path = path
        self.message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        self.to, self.subject = str(self.message["to"]), str(self.message["subject"])
        self.text = self.message.get_body(("plain",)).get_content()
        html = self.message.get_body(("html",))
        self.html = html.get_content() if html else ""

    @property
    def link(self):
        return LINK.search(self.text).group(0)

    @property
    def typed(self):
        return TYPED.search(self.text).group(0)


def mails(stack, address):
    found = [Mail(p) for p in sorted(stack.mailbox.glob("*.eml"))]
    return [m for m in found if address.lower() in m.to.lower()]


def wait_mail(stack, address, seconds=15, count=1):
    """The newest of at least count mails to that address."""
    return wait_until(lambda: (m := mails(stack, address)) and len(m) >= count and m, seconds,
                      lambda: f"{count} mail(s) to {address}, have {len(mails(stack, address))}")[-1]


# ---- processes of people ----

class Lines:
    """JSON lines of a child, read as they come. self.seen has all of them; close() ends the child by its pid."""

    def __init__(self, argv, env, log, stdin=False):
        self.log = open(log, "ab")
        self.child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, stderr=self.log, env=env, text=True,
                                      stdin=subprocess.PIPE if stdin else subprocess.DEVNULL)
        self.seen, self.queue = [], queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            try:
                self.queue.put(json.loads(line))
            except ValueError:
                self.queue.put({"not_json": line})
        self.queue.put(None)

    def wait(self, condition, seconds=20, what="line", since=0):
        """The first line seen so far (from number since on) or coming for which condition(line) holds."""
        for line in self.seen[since:]:
            if condition(line):
                return line
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.queue.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = False
            if not line:
                raise AssertionError(f"{what}: {'child ended' if line is None else f'not within {seconds} s'}; {self.seen[-12:]}")
            self.seen.append(line)
            if condition(line):
                return line

    def close(self, seconds=10):
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()
        return self.child.returncode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class SimPC(Lines):
    """A customer's PC: the program's core on Linux. Its state survives close(); start another with the same folder."""

    def __init__(self, stack, link, code, folder, *options):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        argv = [stack.build / "bin" / "simpc", "--config", stack.root / "program.json", "--link", link,
                "--state-dir", self.folder / "state", *(["--code", code] if code else []), *options]
        super().__init__(argv, stack.base_env(), self.folder / "simpc.log", stdin=True)

    def say(self, command):
        """One command on the program's stdin; waits until it was taken. Returns whether it was."""
        mark = len(self.seen)
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        done = self.wait(lambda l: l.get("event") in ("command_done", "command_refused"), what=command, since=mark)
        return done["event"] == "command_done"

    def wait_state(self, state, seconds=20, since=0):
        return self.wait(lambda l: l.get("state") == state, seconds, f"state {state}", since)

    def wait_event(self, event, seconds=20, since=0):
        return self.wait(lambda l: l.get("event") == event, seconds, event, since)

    def wait_over(self, seconds=30):
        """The program has removed itself and ended by itself; nothing is left of its folder. The last reason."""
        last = self.wait_state("over", seconds)
        assert self.child.wait(10) == 0
        assert not (self.folder / "state").exists(), list((self.folder / "state").iterdir())
        return last["reason"]

    def kill(self):
        self.child.kill()
        self.child.wait()


class Cli:
    """A technician without a browser. run() returns the JSON lines that the command printed."""

    def __init__(self, stack, key, folder):
        self.stack, self.folder = stack, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key_file = self.folder / f"key-{secrets.token_hex(4)}"
        self.key_file.write_text(key + "\n")
        self.key_file.chmod(0o600)
        self.password_file = self.folder / "password"

    def argv(self, *args):
        return [str(a) for a in (self.stack.cli, "--origin", self.stack.origin, "--ca",
                                 self.stack.root / "secrets" / "ca.pem", "--key-file", self.key_file, *args)]

    def start(self, *args):
        """A command that goes on while the test does something else: its JSON lines as they come."""
        return Lines(self.argv(*args), self.stack.base_env(), self.folder / "cli.log")

    def refused(self, *args, timeout=60):
        """The reason of a command that must fail, and the detail."""
        result = subprocess.run(self.argv(*args), capture_output=True, text=True, timeout=timeout, check=False,
                                env=self.stack.base_env())
        assert result.returncode != 0, (args, result.stdout)
        told = json.loads(result.stderr.strip().splitlines()[-1])
        return told["reason"], told.get("detail", "")

    def run(self, *args, good=True, timeout=60):
        result = subprocess.run(self.argv(*args), capture_output=True, text=True, timeout=timeout, check=False,
                                env=self.stack.base_env())
        assert not good or result.returncode == 0, (args, result.returncode, result.stdout, result.stderr)
        lines = []
        for line in result.stdout.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"not_json": line})
        return lines

    def set_password(self, password):
        self.password_file.write_text(password + "\n")
        return self.password_file


class Support:
    """One session: the technician's CLI on one side, a customer's PC on the other. options go to simpc."""

    def __init__(self, stack, folder, *options, api=None, invite=("--no-mail",)):
        self.stack, self.folder, self.options = stack, Path(folder), options
        self.api = api or new_technician(stack)
        self.cli = Cli(stack, self.api.key, self.folder / "technician")
        self.password = secrets.token_urlsafe(12)
        self.cli.set_password(self.password)
        made = self.cli.run("invite", *invite)[0]
        self.id, self.link, self.code = made["id"], made["install_url"], made["code"]
        self.e = self.code.replace(" ", "")[4:]
        self.pc = None

    def start_pc(self, code=None, **fields):
        """The customer runs the program; started again it goes on with what it saved."""
        self.pc = SimPC(self.stack, fields.get("link", self.link), code or self.code, self.folder / "pc", *self.options)
        return self.pc

    def online(self):
        """The program has its control socket, and the API says so."""
        self.start_pc()
        self.pc.wait(lambda l: l.get("reason") == "online", what="online")
        self.api.wait(self.id, lambda s: s["online"], what="online")
        return self

    def paired(self):
        self.online()
        assert self.pair() == [{"paired": True}]
        self.api.wait(self.id, lambda s: s["paired"], what="paired")
        return self

    def with_password(self, verb, *args):
        return (verb, self.id, *args, "--password-file", self.cli.password_file)

    def pair(self, code=None):
        return self.cli.run(*self.with_password("pair", "--code", code or self.code))

    def read_screen(self, line):
        """What a screenshot of the technician shows in a line of the simulator's screen."""
        picture = self.folder / "screen.png"
        self.cli.run(*self.with_password("screenshot", picture))
        return read_line(picture, line)

    def type(self, text):
        self.cli.run(*self.with_password("type", text))

    def connect(self, seconds):
        """A technician's viewer that stays; waits until it sees the screen."""
        viewer = self.cli.start(*self.with_password("connect"), "--seconds", str(seconds))
        viewer.wait(lambda l: l.get("connected"), 30, "connected")
        return viewer

    def ended(self, reason, seconds=30):
        """Everybody says so: program, API, receipt; and nothing is left of the program."""
        assert self.pc.wait_over(seconds) == reason
        now = self.api.wait(self.id, lambda s: s["removal"] == "removed", what="receipt")
        assert (now["status"], now["reason"], now["online"]) == ("ended", reason, False), now
        return now

    def close(self):
        if self.pc:
            self.pc.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


SQUARE, LINE_HEIGHT = 10, 200  # agent/sim/screen.h


def read_line(png, line):
    """The text that the simulator drew: a column of eight squares per character, light for 1 and dark for 0."""
    image = Image.open(png).convert("RGB")
    text = bytearray()
    for x in range(SQUARE // 2, image.width, SQUARE):
        squares = [image.getpixel((x, line * LINE_HEIGHT + bit * SQUARE + SQUARE // 2)) for bit in range(8)]
        if any(28 < red < 128 for red, _, _ in squares):  # the background: the text is over
            break
        text.append(sum((red > 128) << (7 - bit) for bit, (red, _, _) in enumerate(squares)))
    return text.decode()


# ---- the journal ----

def journal(stack, topic="beistand.journal"):
    """Every event that Kafka has, as (partition, offset, event); per partition in order."""
    argv = ["kcat", "-C", "-q", "-e", "-b", stack.kafka, "-t", topic, "-o", "beginning", "-J", "-X", "fetch.wait.max.ms=5",
            "-X", "broker.address.family=v4"]
    out = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    messages = [json.loads(line) for line in out.splitlines()]
    return [(m["partition"], m["offset"], json.loads(m["payload"])) for m in messages]
