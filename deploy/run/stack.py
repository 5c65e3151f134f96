#!/usr/bin/python3
"""The whole suite on this machine, on loopback: Redis, broker, mail sink, the six services, the edge.

    stack.py up [--dir var] [--port 8443] [--replicas gateway=2,relay=2]     stack.py down | status | rebuild

KAFKA_BOOTSTRAP, REDIS_URL and SMTP_URL in the environment are used instead of the embedded ones. Tests make
as many Stack objects as they like, each with its own folder and ports.
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import edge  # noqa: E402
import keys  # noqa: E402
from directory import Directory  # noqa: E402
from process import Process, StackError, wait_until  # noqa: E402
from redis_probe import redis_answers  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"
SERVICES = ["licensing", "sweeper", "invitations", "activation", "relay", "gateway"]
FRONTED = {"gateway": "GATEWAY_LISTEN", "activation": "ACTIVATION_LISTEN", "relay": "RELAY_LISTEN"}
READY_S = 30
TOPICS = ["beistand.commands", "beistand.journal", "beistand.mail", "beistand.presence", "beistand.dead-letter",
          "beistand.directory"]
COMPACTED = ["beistand.directory"]
PARTITIONS = 12


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port():
    """Below the range the kernel gives to outgoing connections, so that nobody takes it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        if is_free(port):
            return port


def http_status(url, timeout=2.0):
    """(status, text); (0, reason) when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode(errors="replace")
    except (OSError, ValueError) as e:
        return 0, str(e)


class Stack:
    """root: folder of everything this stack writes. replicas: {"gateway": 2}. env: settings for all services;
    service_env: {"gateway": {...}}. kafka, redis, smtp: addresses to use instead of the embedded ones. redis_options: more
    words for redis-server."""

    def __init__(self, root, port=None, replicas=None, env=None, service_env=None, kafka=None, redis=None, smtp=None,
                 build=None, redis_options=()):
        self.root = Path(root).resolve()
        self.build = Path(build or os.environ.get("BEISTAND_BUILD") or ROOT / "build").resolve()
        self.replicas = {**{name: 1 for name in SERVICES}, **(replicas or {})}
        self.env, self.service_env = dict(env or {}), dict(service_env or {})
        self.redis_options = list(redis_options)
        self.external = {"kafka": kafka, "redis": redis, "smtp": smtp}
        for name in ("run", "log", "secrets", "mail", "redis", "program"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.processes = {}
        self.ports = self.load_ports(port)

    # ---- addresses ----

    def load_ports(self, wanted):
        """Ports are kept in the folder, so a stack that starts again is found where it was."""
        path = self.root / "run" / "ports.json"
        ports = json.loads(path.read_text()) if path.exists() else {}
        if wanted and not self.process("edge").pid:
            ports["edge"] = wanted
        names = ["edge", "redis", "broker", "mail"]
        for service in SERVICES:
            for instance in self.instances(service):
                names += [f"{instance}.health"] + ([instance] if service in FRONTED else [])
        for name in names:
            while name not in ports or list(ports.values()).count(ports[name]) > 1:
                ports[name] = free_port()
        path.write_text(json.dumps(ports, indent=1))
        return ports

    def instances(self, service):
        return [f"{service}-{i}" for i in range(1, self.replicas[service] + 1)]

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def edge_address(self, instance):
        """Where the edge finds a replica; a test puts a recorder there."""
        return self.address(instance)

    @property
    def origin(self):
        return f"https://127.0.0.1:{self.ports['edge']}"

    @property
    def redis_url(self):
        return self.external["redis"] or f"redis://{self.address('redis')}"

    @property
    def kafka(self):
        return self.external["kafka"] or self.address("broker")

    @property
    def mailbox(self):
        return self.root / "mail"

    @property
    def cli(self):
        return self.build / "bin" / "beistand-cli"

    @property
    def directory(self):
        secrets = self.root / "secrets"
        return Directory(self.cli, self.redis_url, secrets,
                         {**self.base_env(), "DIRECTORY_KEY_FILE": str(secrets / "directory.key")})

    def health(self, instance):
        return f"http://{self.address(instance + '.health')}"

    # ---- processes ----

    def process(self, name):
        if name not in self.processes:
            self.processes[name] = Process(name, self.root / "run", self.root / "log")
        return self.processes[name]

    def base_env(self):
        keep = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE")
        return {"LC_ALL": "C.UTF-8", **{k: os.environ[k] for k in keep if k in os.environ}}

    def settings(self, instance):
        service = instance.rsplit("-", 1)[0]
        secrets = self.root / "secrets"
        values = {
            "REDIS_URL": self.redis_url, "KAFKA_BOOTSTRAP": self.kafka,
            "KAFKA_PROFILE": "real" if self.external["kafka"] else "mock",
            "HEALTH_LISTEN": self.address(instance + ".health"), "PUBLIC_ORIGIN": self.origin,
            "SECRET_KEYS_FILE": secrets / "keys", "LOG_LEVEL": "info",
            "SIGNING_KEY_FILE": secrets / "signing.pem", "OPERATOR_KEY_FILE": secrets / "operator.key",
            "DIRECTORY_KEY_FILE": secrets / "directory.key",
            "CONSOLE_DIR": ROOT / "services" / "console" / "dist",
            "PAGES_DIR": ROOT / "services" / "gateway" / "pages",
            "PROGRAM_FILE": self.root / "program" / "beistand-support.exe",
            "SMTP_URL": self.external["smtp"] or f"smtp://{self.address('mail')}",
            "MAIL_FROM": "Beistand <support@beistand.example>", "RELAY_NODE": instance,
        }
        if service in FRONTED:
            values[FRONTED[service]] = self.address(instance)
        values.update(self.env)
        values.update(self.service_env.get(service, {}))
        return {k: str(v) for k, v in values.items()}

    def start(self, name, env=None):
        """Starts one process by name ("redis", "broker", "mail", "edge", "gateway-1"); env: settings for this start."""
        starter = getattr(self, f"start_{name}", None)
        if starter:
            starter()
            return
        service = name.rsplit("-", 1)[0]
        binary = self.build / "bin" / f"beistand-{service}"
        if not binary.exists():
            raise StackError(f"{binary} is not built (make)")
        self.process(name).start([binary], {**self.base_env(), **self.settings(name), **(env or {})}, self.root)

    def start_redis(self):
        argv = ["redis-server", ROOT / "deploy" / "redis" / "redis.conf", "--port", self.ports["redis"], "--bind",
                "127.0.0.1", "--dir", self.root / "redis", "--daemonize", "no", *self.redis_options]
        self.process("redis").start(argv, {**self.base_env(), **self.service_env.get("redis", {})}, self.root)
        wait_until(lambda: redis_answers(self.redis_url), 10, lambda: self.why_not("redis"))

    def start_broker(self):
        topics = [f"{name}:{PARTITIONS}" for name in TOPICS]
        argv = [self.build / "bin" / "beistand-broker", self.ports["broker"], *topics]
        self.process("broker").start(argv, self.base_env(), self.root)
        self.wait_listening("broker")

    def start_mail(self):
        argv = [PYTHON, ROOT / "deploy" / "mail" / "sink.py", self.address("mail"), self.mailbox]
        self.process("mail").start(argv, self.base_env(), self.root)

    def start_edge(self):
        backends = {service: [(self.edge_address(i), self.ports[i + ".health"]) for i in self.instances(service)]
                    for service in FRONTED}
        config = self.root / "run" / "haproxy.cfg"
        config.write_text(edge.local_config(self.address("edge"), self.root / "secrets" / "server.pem", backends))
        haproxy = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin") or "haproxy"
        self.process("edge").start([haproxy, "-db", "-f", config], self.base_env(), self.root)
        self.wait_listening("edge")

    def wait_listening(self, name):
        def connects():
            if not self.process(name).pid:
                raise StackError(self.why_not(name))
            with socket.socket() as s:
                s.settimeout(1)
                return s.connect_ex(("127.0.0.1", self.ports[name])) == 0
        wait_until(connects, 10, lambda: self.why_not(name))

    def why_not(self, name):
        state = "runs but does not answer" if self.process(name).pid else "has ended"
        return f"{name} {state}; end of {self.process(name).log}:\n{self.process(name).last_lines()}"

    # ---- the whole ----

    def embedded(self):
        return [name for name, outside in (("redis", "redis"), ("broker", "kafka"), ("mail", "smtp"))
                if not self.external[outside]]

    def all_names(self):
        return self.embedded() + [i for s in SERVICES for i in self.instances(s)] + ["edge"]

    def prepare(self):
        keys.make_all(self.root / "secrets")
        keys.write_program_json(self.root / "program.json", self.root / "secrets", self.origin)
        self.stamp_program()

    def stamp_program(self):
        """The program with this origin and CA in it; without a built one the install page offers nothing."""
        built = self.build / "agent" / "beistand-support.exe"
        stamp = ROOT / "deploy" / "agent" / "stamp.py"
        target = self.root / "program" / "beistand-support.exe"
        if not built.exists() or not stamp.exists():
            return
        result = subprocess.run([PYTHON, stamp, built, self.root / "program.json", target], capture_output=True,
                                text=True, check=False)
        if result.returncode != 0:
            raise StackError(f"stamping the program: {(result.stderr or result.stdout).strip()}")

    def up(self, services=SERVICES, demo=True):
        """Starts what does not run, waits until all is ready. demo: also the demo company and stack.json."""
        self.prepare()
        for name in self.embedded():
            if not self.process(name).pid:
                self.start(name)
        for service in services:
            for instance in self.instances(service):
                if not self.process(instance).pid:
                    self.start(instance)
        if not self.process("edge").pid:
            self.start_edge()
        if demo:
            self.demo = self.directory.ensure_demo()
        self.wait_ready([i for s in services for i in self.instances(s)])
        self.wait_edge(services)
        if demo:
            self.write_info()
        return self

    def wait_ready(self, instances=None, seconds=READY_S):
        waiting = list(instances or [i for s in SERVICES for i in self.instances(s)])
        why = {}

        def all_ready():
            for instance in list(waiting):
                if not self.process(instance).pid:
                    raise StackError(self.why_not(instance))
                status, why[instance] = http_status(self.health(instance) + "/readyz")
                if status == 200:
                    waiting.remove(instance)
            return not waiting
        wait_until(all_ready, seconds, lambda: "; ".join(f"{i} is not ready: {why.get(i, '').strip()}" for i in waiting))

    def wait_edge(self, services):
        """The edge looks at each replica every second; until it has, it answers 503 for it."""
        import ssl
        context = ssl.create_default_context(cafile=self.root / "secrets" / "ca.pem")
        paths = {"gateway": "/openapi.json", "activation": "/agent/v1/sessions/x", "relay": "/relay/control/x"}

        def routed(path):
            try:
                with urllib.request.urlopen(self.origin + path, timeout=2, context=context) as answer:
                    return answer.status
            except urllib.error.HTTPError as e:
                return e.code not in (502, 503, 504)
            except OSError:
                return False
        for service in services:
            if service in paths:
                wait_until(lambda: routed(paths[service]), 10, lambda: f"the edge does not reach {service}")  # noqa: B023

    def write_info(self):
        secrets = self.root / "secrets"
        info = {
            "origin": self.origin, "gateway": self.origin, "agent_api": self.origin + "/agent/",
            "relay": self.origin.replace("https", "wss") + "/relay/",
            "health": {s: self.health(f"{s}-1") for s in SERVICES},
            "replicas": {i: {"health": self.health(i), **({"url": f"http://{self.address(i)}"} if s in FRONTED else {})}
                         for s in SERVICES for i in self.instances(s)},
            "ca": str(secrets / "ca.pem"), "server_spki": keys.server_spki(secrets), "kafka": self.kafka,
            "redis": self.redis_url, "mailbox": str(self.mailbox), "program_json": str(self.root / "program.json"),
            "technician_key": str(secrets / "technician.key"), "admin_key": str(secrets / "admin.key"),
            "operator_key": str(secrets / "operator.key"),
            "technician_email": self.demo["technician_email"], "admin_email": self.demo["admin_email"],
            "technician_password": str(secrets / "technician-password"), "company": self.demo["company"],
            "pids": {name: self.process(name).pid for name in self.all_names()},
        }
        keys.write_private(self.root / "stack.json", json.dumps(info, indent=1) + "\n")

    @property
    def info(self):
        return json.loads((self.root / "stack.json").read_text())

    def stop(self, name, grace=15.0):
        return self.process(name).stop(grace)

    def kill(self, name):
        self.process(name).kill()

    def replace_redis(self, copy=None):
        """Redis dies; when it is started again it has nothing, or what the folder copy has."""
        self.kill("redis")
        shutil.rmtree(self.root / "redis")
        if copy:
            shutil.copytree(copy, self.root / "redis")
        else:
            (self.root / "redis").mkdir()
        self.start("redis")

    def rebuild(self, *options, env=None):
        """beistand-cli rebuild, for a Redis that lost writes: (exit status, what it said)."""
        result = subprocess.run([self.cli, "rebuild", *options], capture_output=True, text=True, check=False, cwd=self.root,
                                env={**self.base_env(), **self.settings("sweeper-1"), **(env or {})})
        lines = (result.stdout or result.stderr).strip().splitlines()
        return result.returncode, json.loads(lines[-1]) if lines else {}

    def running(self):
        return [name for name in self.all_names() if self.process(name).pid]

    def down(self):
        """In reverse: who depends on others goes first. Returns the names that had to be killed."""
        stubborn = []
        left = [p.stem for p in (self.root / "run").glob("*.pid")]
        known = ["edge"] + [i for s in reversed(SERVICES) for i in sorted(left) if i.rsplit("-", 1)[0] == s]
        last = [n for n in ("mail", "broker", "redis") if n in left]
        services = [n for n in known if n in left]
        for name in services + last + [n for n in left if n not in services + last]:
            # Drains run side by side; the wait below is then short.
            if name in services and self.process(name).pid:
                self.process(name).signal(signal.SIGTERM)
        for name in services + last + [n for n in left if n not in services + last]:
            if not self.stop(name):
                stubborn.append(name)
        (self.root / "stack.json").unlink(missing_ok=True)
        return stubborn

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.down()


# ---- command line ----

def report_up(stack, seconds):
    info = stack.info
    print(f"Beistand runs (ready after {seconds:.1f} s): {len(stack.running())} processes")
    print(f"  console        {info['origin']}/")
    print(f"  technician     {info['technician_email']}, password in {info['technician_password']}")
    token = json.loads((stack.root / "secrets" / "directory.json").read_text()).get("activate_token")
    if token:
        print(f"  administrator  {info['admin_email']}, one-time link: {info['origin']}/#/activate/{token}")
    print(f"  CA             {info['ca']}")
    print(f"  mail           {info['mailbox'] if 'mail' in stack.embedded() else os.environ['SMTP_URL']}")
    print(f"  all of it      {stack.root / 'stack.json'}")
    if not (stack.root / "program" / "beistand-support.exe").exists():
        print("  The Windows program is not built (make agent): the install page has nothing to download.")


def command_up(stack):
    started = time.monotonic()
    if stack.process("edge").pid and (stack.root / "stack.json").exists():
        stack.up()
        print("It was up already.")
    else:
        stack.up()
    report_up(stack, time.monotonic() - started)


def command_down(stack):
    running = stack.running()
    stubborn = stack.down()
    if stubborn:
        print(f"had to be killed: {', '.join(stubborn)}")
    print(f"stopped {len(running)} processes" if running else "nothing ran")


def command_status(stack):
    for name in stack.all_names():
        pid = stack.process(name).pid
        ready = ""
        if pid and f"{name}.health" in stack.ports:
            ready = http_status(stack.health(name) + "/readyz")[1].strip()
        print(f"{name:16} {'pid ' + str(pid) if pid else 'down':12} {ready}")
    return 0 if len(stack.running()) == len(stack.all_names()) else 1


def parse_replicas(text):
    replicas = dict(part.split("=") for part in text.split(",")) if text else {}
    if set(replicas) - set(SERVICES):
        raise StackError(f"--replicas: only {', '.join(SERVICES)}")
    return {name: int(count) for name, count in replicas.items()}


def default_port(root):
    """8443 when it is free or ours, else any."""
    known = root / "run" / "ports.json"
    if known.exists():
        return json.loads(known.read_text()).get("edge")
    return 8443 if is_free(8443) else free_port()


def command_rebuild(stack):
    """What a production operator runs as `beistand-cli rebuild` with the services' settings."""
    status, told = stack.rebuild()
    print(json.dumps(told), file=sys.stderr if status else sys.stdout)
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["up", "down", "status", "rebuild"])
    parser.add_argument("--dir", type=Path, default=ROOT / "var")
    parser.add_argument("--port", type=int)
    parser.add_argument("--replicas", default="")
    args = parser.parse_args()
    outside = {name: os.environ.get(variable) or None for name, variable in
               (("kafka", "KAFKA_BOOTSTRAP"), ("redis", "REDIS_URL"), ("smtp", "SMTP_URL"))}
    try:
        (args.dir / "run").mkdir(parents=True, exist_ok=True)
        stack = Stack(args.dir, port=args.port or default_port(args.dir), replicas=parse_replicas(args.replicas), **outside)
        commands = {"up": command_up, "down": command_down, "status": command_status, "rebuild": command_rebuild}
        return commands[args.command](stack) or 0
    except (StackError, RuntimeError, OSError) as e:
        print(f"stack: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
