"""test.sh's work: the suite under compose, as an operator, a technician and a customer would use it.

    smoke.py [--keep] [--images FILE]

--keep: leave everything running and say how to reach it. --images: lines for .env that name the images to use instead of
stand-ins that are built here; /dev/null: the official ones, where a registry is in reach.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "run"), str(ROOT / "tests" / "system"), str(ROOT / "deploy" / "compose")]

import flows  # noqa: E402
import requests  # noqa: E402
from dockerd import CannotStart, Dockerd  # noqa: E402
from stack import SERVICES, StackError, free_port, wait_until  # noqa: E402

SUITE = sorted([*SERVICES, "edge", "redis", "kafka", "mail"])
BUILD_S, UP_S, HEALTHY_S = 2400, 600, 300
PASSWORD = "correct horse battery"


class Abort(Exception):
    """A step failed that the next ones stand on."""


class Results:
    def __init__(self):
        self.passed, self.failed = 0, 0

    @contextmanager
    def step(self, name):
        """One `ok` or `not ok` line; what goes wrong ends the run."""
        started = time.monotonic()
        try:
            yield
        except (AssertionError, StackError, OSError, LookupError, ValueError, subprocess.SubprocessError) as e:
            self.failed += 1
            print(f"not ok - {name}\n    {type(e).__name__}: {e}", flush=True)
            raise Abort(name) from e
        self.passed += 1
        print(f"ok - {name} ({time.monotonic() - started:.1f} s)", flush=True)


class Suite:
    """The suite under compose, with what tests/system/flows.py asks of a stack: origin, secrets, mailbox, CLI."""

    def __init__(self, root, docker_host):
        self.root, self.build = root, ROOT / "build"
        self.port = free_port()
        self.origin = f"https://127.0.0.1:{self.port}"
        self.cli = self.build / "bin" / "beistand-cli"
        self.project = f"beistand-test-{os.getpid()}"
        self.env = {**os.environ, "COMPOSE_PROJECT_NAME": self.project, "DOCKER_BUILDKIT": "0"}
        self.env.update({"DOCKER_HOST": docker_host} if docker_host else {})

    def base_env(self):
        return {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}

    def run(self, *argv, seconds=120, log=None):
        """Standard output; a failure's message has the end of both outputs."""
        result = subprocess.run([str(a) for a in argv], cwd=ROOT, env=self.env, capture_output=True, text=True,
                                errors="replace", timeout=seconds, check=False)
        if log:
            (self.root / log).write_text(result.stdout + result.stderr)
        if result.returncode != 0:
            raise StackError(f"{' '.join(map(str, argv[:6]))} …: {(result.stdout + result.stderr)[-3000:]}")
        return result.stdout

    def docker(self, *args, seconds=120):
        return self.run("docker", *args, seconds=seconds)

    def compose(self, *args, seconds=120, log=None):
        return self.run("docker-compose", "--env-file", self.root / ".env", *args, seconds=seconds, log=log)

    # ---- containers ----

    def containers(self, service=None):
        """Descriptions of all containers of this project, or of one service's, in the order of their numbers."""
        label = f"label=com.docker.compose.project={self.project}"
        ids = self.docker("ps", "-aq", "--filter", label).split()
        found = json.loads(self.docker("inspect", *ids)) if ids else []
        found = [c for c in found if service in (None, service_of(c))]
        return sorted(found, key=lambda c: (service_of(c), int(c["Config"]["Labels"]["com.docker.compose.container-number"])))

    def unhealthy(self):
        return [f"{c['Name'][1:]} ({c['State']['Status']}, {c['State'].get('Health', {}).get('Status')})"
                for c in self.containers() if c["State"].get("Health", {}).get("Status") != "healthy"]

    def wait_healthy(self, seconds=HEALTHY_S):
        def all_healthy():
            time.sleep(0.3)
            return not self.unhealthy()
        wait_until(all_healthy, seconds, lambda: f"not healthy: {', '.join(self.unhealthy())}")

    def inside(self, container, script):
        return self.docker("exec", container["Id"], "bash", "-c", script)

    # ---- directory, mail ----

    def operator(self, command, *args):
        out = self.compose("run", "--rm", "-T", "cli", "operator", command, *args)
        return json.loads(out.strip().splitlines()[-1])

    @property
    def mailbox(self):
        """A copy of the sink's volume, as new as possible."""
        folder = self.root / "mail"
        folder.mkdir(exist_ok=True)
        self.docker("cp", f"{self.containers('mail')[0]['Id']}:/mail/.", folder)
        return folder

    def logs(self):
        return self.run("docker-compose", "--env-file", self.root / ".env", "logs", "--no-color", "--tail=2000")


def service_of(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


# ---- steps ----

def prepare(results, suite, images):
    told = images and Path(images).read_text()
    if not images:
        with results.step("base image and stand-ins for the official images are built"):
            told = suite.run("deploy/images/local.sh", seconds=BUILD_S, log="images.log")
    with results.step("setup.sh makes .env and secrets, and changes nothing the second time"):
        argv = ["deploy/compose/setup.sh", suite.origin, "--mail-sink", "--address", "127.0.0.1", "--dir", suite.root]
        suite.run(*argv)
        # What is particular to this test: local images, own project, fewer connections than a test machine has files.
        with open(suite.root / ".env", "a", encoding="utf-8") as env:
            env.write(told + "EDGE_CONNECTIONS=4000\n")
        suite.run(*argv)
        before = {p: p.read_bytes() for p in suite.root.rglob("*") if p.is_file()}
        suite.run(*argv)
        assert before == {p: p.read_bytes() for p in suite.root.rglob("*") if p.is_file()}
    with results.step("docker-compose build makes the suite's images from the tree"):
        suite.compose("config", "-q")
        suite.compose("build", seconds=BUILD_S, log="build.log")


def start(results, suite):
    started = time.monotonic()
    with results.step("docker-compose up: every container becomes healthy"):
        suite.compose("up", "-d", seconds=UP_S, log="up.log")
        suite.wait_healthy()
        assert sorted(map(service_of, suite.containers())) == SUITE
    return time.monotonic() - started


def check_confinement(results, suite):
    with results.step("no container is root, can write its root or has a capability; only the edge has a port"):
        for c in suite.containers():
            host, name = c["HostConfig"], c["Name"]
            assert c["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
            assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["Memory"] > 0 and host["PidsLimit"] > 0, name
            assert host["LogConfig"]["Config"].get("max-size"), name
            assert bool(host["PortBindings"]) == (service_of(c) == "edge"), name
            status = suite.inside(c, "cat /proc/1/status")
            assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status, (name, status)


def make_people(results, suite):
    with results.step("company, technician and key are made by beistand-cli in a container"):
        company = suite.operator("company-create", "--name", "Muster GmbH", "--contact", "+49 30 1234", "--plan", "premier")["id"]
        made = suite.operator("technician-create", "--company", company, "--name", "Tina Muster", "--email", "tina@example.com")
        key = suite.operator("key-create", "--company", company, "--technician", made["id"])["key"]
        api = flows.Api(suite, key, company, made["id"])
        assert api.call("GET", "/v1/me")[0] == 200
    return api


class Walk:
    """The main job once: invite by mail, activate, pair, connect. end() ends it. Used with different troubles between."""

    def __init__(self, results, suite, api, name):
        self.results, self.suite, self.api, self.name = results, suite, api, name
        self.folder = suite.root / name
        self.cli = flows.Cli(suite, api.key, self.folder)
        self.password = self.cli.set_password(PASSWORD)
        self.pc = self.session = None

    def step(self, text):
        return self.results.step(f"{self.name}: {text}")

    def invite(self):
        with self.step("POST /v1/sessions answers 201, and the mail with the same link is in the sink"):
            address = f"kim-{self.name.replace(' ', '-')}@example.com"
            status, self.session = self.api.create(send_email=True, customer_email=address, customer_name="Kim")
            assert status == 201, (status, self.session)
            assert flows.wait_mail(self.suite, address).link == self.session["install_url"]

    def download(self):
        program = self.suite.root / "program" / "beistand-support.exe"
        with self.step(f"the install page's download is {'the stamped program' if program.exists() else 'refused: there is none'}"):
            page = f"{self.suite.origin}/i/{self.session['id']}"
            assert requests.get(page, verify=self.api.ca, timeout=10).status_code == 200
            answer = requests.get(page + "/download", verify=self.api.ca, timeout=30)
            if program.exists():
                assert answer.status_code == 200 and answer.content == program.read_bytes()
                assert self.suite.origin.encode() in answer.content
            else:
                assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")

    def activate_and_pair(self):
        digits = flows.new_e()
        with self.step("the customer's PC activates with the spoken code"):
            link, code = self.session["install_url"], self.session["code_prefix"] + digits
            self.pc = flows.SimPC(self.suite, link, code, self.folder / "pc", "--say", "compose")
            self.pc.wait(lambda line: line.get("state") == "active", 30, "active")
            assert self.api.session(self.session["id"])["status"] == "active"
        with self.step("beistand-cli pairs and sees the screen"):
            self.pc.wait(lambda line: line.get("state") == "active")
            self.cli.run("pair", self.session["id"], "--code", digits, "--password-file", self.password)
            self.screenshot()

    def screenshot(self):
        picture = self.folder / "screen.png"
        self.cli.run("screenshot", self.session["id"], picture, "--password-file", self.password)
        assert picture.read_bytes()[:4] == b"\x89PNG"
        picture.unlink()

    def end(self):
        with self.step("the session ends, the program removes itself and its receipt arrives"):
            sid = self.session["id"]
            status, ended = self.api.end(sid)
            assert (status, ended["status"]) == (202, "ended"), (status, ended)
            self.pc.wait(lambda line: line.get("event") == "removed", 30, "removed")
            now = self.api.wait(sid, lambda s: s["removal"] == "removed", 30, "receipt")
            assert now["reason"] == "ended_by_technician"
        self.close()

    def close(self):
        if self.pc:
            self.pc.close()
            self.pc = None


def offer_program(results, suite):
    """Where `make agent` has not been run, something that can be stamped stands in: what is tested is the way to the page."""
    if (suite.root / "program" / "beistand-support.exe").exists():
        return
    with results.step("setup.sh --program stamps a program into the running suite"):
        plain = suite.root / "plain.exe"
        suite.run("/usr/bin/python3", "deploy/agent/stamp.py", "--empty", plain)
        suite.run("deploy/compose/setup.sh", "--dir", suite.root, "--program", plain)


def scale(results, suite):
    with results.step("--scale: two of each service become healthy, each relay under its own name"):
        suite.compose("up", "-d", "--no-recreate", *[f"--scale={name}=2" for name in SERVICES], seconds=UP_S)
        suite.wait_healthy()
        assert all(len(suite.containers(name)) == 2 for name in SERVICES)
        nodes = [suite.inside(c, "tr '\\0' '\\n' < /proc/1/environ | grep ^RELAY_NODE=") for c in suite.containers("relay")]
        assert len(set(nodes)) == 2, nodes


def check_both_answer(results, suite, api):
    with results.step("the edge finds both gateways by name and uses both"):
        edge = suite.containers("edge")[0]

        def used():
            for _ in range(20):
                assert api.call("GET", "/v1/me")[0] == 200
            lines = [json.loads(line) for line in suite.docker("logs", edge["Id"]).splitlines() if line.startswith("{")]
            return len({line["server"] for line in lines if line["backend"] == "gateway"}) == 2
        wait_until(used, 30, lambda: "only one gateway gets requests")


def pairs(suite, relay):
    """Pairs this relay has joined so far, from its own metrics."""
    script = ("exec 3<>/dev/tcp/127.0.0.1/9106; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; "
              "sed -n 's/^beistand_relay_pairs_total //p' <&3")
    return float(suite.inside(relay, script).strip() or 0)


def lose_a_relay(results, suite, walk):
    """The process of the relay that has the viewer's pair dies by kill -9: as a crash, so Docker starts it again."""
    before = {c["Id"]: pairs(suite, c) for c in suite.containers("relay")}
    argv = walk.cli.argv("connect", walk.session["id"], "--seconds", "60", "--password-file", walk.password)
    with flows.Lines(argv, suite.base_env(), walk.folder / "connect.log") as viewer:
        with results.step("a relay that dies while it is used: the viewer resumes by itself, Docker starts the relay again"):
            viewer.wait(lambda line: line.get("connected"), 30, "connected")
            used = [c for c in suite.containers("relay") if pairs(suite, c) > before[c["Id"]]]
            assert len(used) == 1, f"{len(used)} relays have joined a pair"
            os.kill(used[0]["State"]["Pid"], signal.SIGKILL)
            viewer.wait(lambda line: line.get("resumed"), 40, "resumed")
            suite.wait_healthy(90)
            restarted = [c["Id"] for c in suite.containers("relay") if c["RestartCount"] == 1]
            assert restarted == [used[0]["Id"]], restarted


def lose_a_gateway(results, suite, api):
    with results.step("a gateway that is killed and stays away: the other answers every request"):
        suite.docker("kill", suite.containers("gateway")[0]["Id"])
        answers = [api.call("GET", "/v1/me")[0] for _ in range(40)]
        assert answers == [200] * 40, answers


def check_secrets(results, suite):
    with results.step("no secret is in a container's description or in a log"):
        described = suite.docker("inspect", *[c["Id"] for c in suite.containers()]) + suite.logs()
        ring = (suite.root / "secrets" / "keys").read_text().strip().split(":")[1]
        key = (suite.root / "secrets" / "signing.pem").read_text().splitlines()[1]
        assert ring not in described and key not in described and PASSWORD not in described


def start_again(results, suite, api, walk):
    """What was acknowledged is in the volumes: the session of before goes on."""
    with results.step("down and up again: people, keys and the open session are still there"):
        suite.compose("down", seconds=UP_S)
        suite.compose("up", "-d", seconds=UP_S)
        suite.wait_healthy()
        assert api.call("GET", "/v1/me")[0] == 200
        assert api.session(walk.session["id"])["status"] == "active"

        def connects():
            time.sleep(0.5)
            done = walk.cli.run("screenshot", walk.session["id"], walk.folder / "again.png", "--password-file", walk.password,
                                good=False)
            return done and done[-1].get("done")
        wait_until(connects, 60, lambda: "the program does not come back")


def take_down(results, suite):
    with results.step("down -v leaves no container, volume or network"):
        suite.compose("down", "-v", "--remove-orphans", seconds=UP_S)
        label = f"label=com.docker.compose.project={suite.project}"
        assert not suite.containers()
        assert not suite.docker("volume", "ls", "-q", "--filter", label).split()
        assert not suite.docker("network", "ls", "-q", "--filter", label).split()


def image_sizes(suite):
    names = {c["Config"]["Image"] for c in suite.containers()}
    sizes = {name: json.loads(suite.docker("image", "inspect", name))[0]["Size"] for name in sorted(names)}
    return ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items())


def run(results, suite, images):
    prepare(results, suite, images)
    ready_s = start(results, suite)
    print(f"# {ready_s:.0f} s from `up` to healthy; {image_sizes(suite)}", flush=True)
    check_confinement(results, suite)
    api = make_people(results, suite)
    walks = [Walk(results, suite, api, "one of each"), Walk(results, suite, api, "two of each")]
    try:
        walks[0].invite()
        walks[0].download()
        walks[0].activate_and_pair()
        walks[0].end()
        scale(results, suite)
        check_both_answer(results, suite, api)
        offer_program(results, suite)
        walks[1].invite()
        walks[1].download()
        walks[1].activate_and_pair()
        lose_a_relay(results, suite, walks[1])
        lose_a_gateway(results, suite, api)
        check_secrets(results, suite)
        start_again(results, suite, api, walks[1])
        walks[1].end()
    finally:
        for walk in walks:
            walk.close()
    take_down(results, suite)


def explain(suite):
    """After a failure: who is not well, and what the services said last."""
    for text in (lambda: suite.compose("ps"), lambda: suite.logs()[-12000:]):
        try:
            print(text(), flush=True)
        except (StackError, OSError, subprocess.SubprocessError) as e:
            print(f"(no {e})", flush=True)


def run_in(results, root, daemon, args):
    suite = Suite(root, daemon.host)
    try:
        run(results, suite, args.images)
    except Abort:
        explain(suite)
    finally:
        if not args.keep and (root / ".env").exists():
            try:
                suite.compose("down", "-v", "--remove-orphans", seconds=UP_S)
            except (StackError, OSError, subprocess.SubprocessError) as e:
                print(f"# down: {e}", flush=True)
    if args.keep:
        print(f"# DOCKER_HOST={daemon.host or ''} COMPOSE_PROJECT_NAME={suite.project} docker-compose --env-file {root}/.env ps")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    parser.add_argument("--images", metavar="FILE", help="lines for .env: images to use instead of stand-ins")
    args = parser.parse_args()
    # Whoever stops the test by its pid gets everything taken down all the same.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    results, started, daemon = Results(), time.monotonic(), Dockerd()
    root = Path(tempfile.mkdtemp(prefix="beistand-compose-"))
    try:
        daemon.start()
        run_in(results, root, daemon, args)
    except CannotStart as e:
        print(f"skipped: {e}\n0 passed, 0 failed, 1 skipped")
        return 0
    finally:
        if not args.keep:
            left = daemon.stop()
            if left:
                print(f"# mounts that had to be removed: {left}")
            shutil.rmtree(root, ignore_errors=True)
    print(f"in {time.monotonic() - started:.0f} s")
    print(f"{results.passed} passed, {results.failed} failed")
    return 1 if results.failed or not results.passed else 0


if __name__ == "__main__":
    sys.exit(main())
