"""The control plane's real processes for one test module: redis-server, the embedded broker and services, each with
its own ports, data and log files, started and stopped by pid. No edge, no relay: what only needs the gateway's and the
activation service's HTTP is tested here; whole flows use deploy/run/stack.py."""
import contextlib
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis
import requests

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("BEISTAND_BUILD", ROOT / "build")) / "bin"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
READY_SECONDS = 30


def crockford(data):
    bits = len(data) * 8
    pad = -bits % 5
    number = int.from_bytes(data, "big") << pad
    return "".join(ALPHABET[number >> shift & 31] for shift in range(bits + pad - 5, -1, -5))


def new_id(bucket):
    return crockford(bytes([bucket]) + secrets.token_bytes(15))


def new_secret(bucket):
    return crockford(bytes([bucket]) + secrets.token_bytes(31))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """One running process of ours; start() again after kill() keeps its ports."""

    def __init__(self, owner, name, number, env):
        self.owner, self.name, self.number, self.env = owner, name, number, env
        self.health = f"127.0.0.1:{free_port()}"
        self.listen = f"127.0.0.1:{free_port()}"
        self.process = None

    def start(self, **extra):
        env = dict(os.environ, **self.env, HEALTH_LISTEN=self.health, **extra)
        env[f"{self.name.upper()}_LISTEN"] = self.listen
        log = open(self.owner.dir / f"{self.name}-{self.number}.log", "ab")
        self.process = subprocess.Popen([BIN / f"beistand-{self.name}"], env=env, stderr=log, cwd=ROOT)
        log.close()
        return self

    def readyz(self):
        try:
            return requests.get(f"http://{self.health}/readyz?verbose", timeout=2)
        except requests.RequestException:
            return None

    def wait_ready(self, seconds=READY_SECONDS):
        wait_for(lambda: (r := self.readyz()) is not None and r.status_code == 200, seconds,
                 lambda: f"{self.name} is not ready: {self.readyz() and self.readyz().text}")
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None


def wait_for(condition, seconds, why=lambda: "condition"):
    """Polls until the condition holds; the deadline is a failure, not a pause."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {why()}")


class Processes:
    def __init__(self, directory, **settings):
        self.dir = Path(directory)
        self.services = []
        self.redis_port = free_port()
        self.redis_process = self.broker = None
        self.start_redis()
        self.start_broker()
        (self.dir / "keys").write_text("k1:" + secrets.token_hex(32) + "\n")
        (self.dir / "directory.key").write_text("d1:" + secrets.token_hex(32) + "\n")
        (self.dir / "operator.key").write_text(secrets.token_urlsafe(32) + "\n")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.dir / "sign.pem"], check=True,
                       stderr=subprocess.DEVNULL)
        self.env = {
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}", "KAFKA_BOOTSTRAP": self.bootstrap,
            "KAFKA_PROFILE": "mock", "SECRET_KEYS_FILE": str(self.dir / "keys"),
            "SIGNING_KEY_FILE": str(self.dir / "sign.pem"), "PUBLIC_ORIGIN": "https://support.example",
            "DIRECTORY_KEY_FILE": str(self.dir / "directory.key"), "OPERATOR_KEY_FILE": str(self.dir / "operator.key"),
            "PROGRAM_FILE": "/bin/true", **settings,
        }

    def start_redis(self):
        self.redis_process = subprocess.Popen(
            ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", "",
             "--dir", str(self.dir)], stdout=subprocess.DEVNULL)
        self.redis = redis.Redis(port=self.redis_port, decode_responses=True)

        def answers():
            try:
                return self.redis.ping()
            except redis.RedisError:
                return False
        wait_for(answers, 10, lambda: "redis-server")

    def start_broker(self):
        self.broker = subprocess.Popen([BIN / "beistand-broker"], stdout=subprocess.PIPE)
        self.bootstrap = self.broker.stdout.readline().decode().strip()

    def add(self, name, count=1, **env):
        made = [Service(self, name, len(self.services) + i, {**self.env, **env}).start() for i in range(count)]
        self.services += made
        return made[0] if count == 1 else made

    def ready(self):
        for service in self.services:
            service.wait_ready()
        return self

    def stop(self):
        codes = {f"{s.name}-{s.number}": s.stop() for s in reversed(self.services)}
        for process in (self.broker, self.redis_process):
            process.terminate()
            process.wait(10)
        return codes

    # ---- directory data, as the operator's CLI writes it ----

    def company(self, **fields):
        bucket = secrets.randbelow(64)
        cid = new_id(bucket)
        self.redis.hset(f"{{s{bucket:02d}}}:company:{cid}", mapping={
            "name": "Muster GmbH", "contact": "+49 30 1234", "plan": "plus", "seats": 20,
            "limit_company": 5, "limit_technician": 1, **fields})
        return cid

    def technician(self, cid, role="technician", permissions="adhoc_support,full_remote_control"):
        """An API client of a new technician of that company."""
        bucket = bucket_of(cid)
        tid, key, tag = new_id(bucket), "bk_" + new_secret(bucket), f"{{s{bucket:02d}}}"
        self.redis.hset(f"{tag}:technician:{tid}", mapping={
            "company": cid, "name": "Tina Muster", "email": f"{tid}@example.com", "role": role,
            "permissions": permissions})
        self.redis.hset(f"{tag}:key:{hashlib.sha256(key.encode()).hexdigest()}", mapping={"company": cid, "technician": tid})
        return Client(self, key, tid, cid)


def bucket_of(text):
    return ALPHABET.index(text[0]) << 3 | ALPHABET.index(text[1]) >> 2


class Client:
    """A technician's API access. Answers are (status, parsed body)."""

    def __init__(self, processes, key, tid, cid):
        self.processes, self.key, self.id, self.company = processes, key, tid, cid
        self.gateways = [s for s in processes.services if s.name == "gateway"]
        self.tag = f"{{s{bucket_of(cid):02d}}}"

    def call(self, method, path, body=None, gateway=0, **headers):
        sent = {"Authorization": f"Bearer {self.key}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = requests.request(method, f"http://{self.gateways[gateway].listen}{path}", json=body, headers=sent, timeout=20)
        return answer.status_code, answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def create(self, key=None, gateway=0, **body):
        body = {"send_email": False, **body}
        return self.call("POST", "/v1/sessions", body, gateway, Idempotency_Key=key or secrets.token_hex(8))

    def leases(self):
        return self.processes.redis.zrange(f"{self.tag}:leases:company:{self.company}", 0, -1)


CONTROL_PLANE = {"gateway": 2, "activation": 1, "licensing": 1, "sweeper": 1}


@contextlib.contextmanager
def running(folder, services=None, check=None, **settings):
    """Processes that are ready ({name: how many}; the control plane when none are named). check(processes) at the end;
    then every service must end cleanly."""
    p = Processes(folder, **settings)
    try:
        for name, count in (services or CONTROL_PLANE).items():
            p.add(name, count)
        p.ready()
        yield p
        if check:
            check(p)
    finally:
        codes = p.stop()
    assert set(codes.values()) == {0}, f"a service did not end cleanly on SIGTERM: {codes}"


def activation_body(session, code=None, token=None, receipt_key="A" * 43):
    """What the program posts after the customer typed the code."""
    return {"token": token or session["install_url"].split("#")[1], "code_prefix": code or session["code_prefix"],
            "machine": {"name": "PC", "os": "Windows 11", "version": "10.0.22631", "arch": "x64"}, "receipt_key": receipt_key}


def activate(processes, session, code=None, key=None, token=None):
    service = next(s for s in processes.services if s.name == "activation")
    answer = requests.post(f"http://{service.listen}/agent/v1/activations", json=activation_body(session, code, token), timeout=20,
                           headers={"Idempotency-Key": key or secrets.token_hex(8)})
    return answer.status_code, json.loads(answer.text)


def wrong_code(code, by=1):
    return f"{(int(code) + by) % 10000:04d}"
