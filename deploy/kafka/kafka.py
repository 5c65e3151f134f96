#!/usr/bin/python3
"""Real Apache Kafka (KRaft, one process) on loopback, from Maven artifacts: for tests and for machines that want it.

    kafka.py up [--dir var/kafka] [--port N]      prints {"bootstrap": …} as its last line; keeps data in the folder
    kafka.py down [--dir …]                       kafka.py kill [--dir …]   (kill -9, for fault tests)
    kafka.py fetch                                only fetches the artifacts (cache: ~/.cache/beistand/kafka-VERSION)
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "run"))

from process import Process, StackError  # noqa: E402
from stack import COMPACTED, PARTITIONS, TOPICS, free_port, wait_until  # noqa: E402

VERSION = "3.9.1"
START_S = 180

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions=12
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=3000
log.retention.hours=168
num.network.threads=2
num.io.threads=2
"""


def cache():
    base = Path(os.environ.get("BEISTAND_CACHE") or Path.home() / ".cache" / "beistand")
    return base / f"kafka-{VERSION}"


def fetch():
    """Folder of the jars. The marker is written last, so a broken-off fetch is done again."""
    folder = cache()
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([str(ROOT / "deploy" / "setup" / "install.sh"), "kafka"], check=True)
    result = subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies",
                             f"-DoutputDirectory={folder}", f"-DbuildDirectory={folder}"], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise StackError("Maven could not fetch Apache Kafka (is its repository in reach?):\n"
                         + (result.stdout + result.stderr)[-2000:])
    (folder / "complete").touch()
    return folder


class Kafka:
    """One broker in one folder; started again it has its data and its port."""

    def __init__(self, root, port=None):
        self.root = Path(root).resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.process = Process("kafka", self.root, self.root)
        self.ports = self.load_ports(port)

    def load_ports(self, wanted):
        path = self.root / "ports.json"
        if path.exists():
            return json.loads(path.read_text())
        ports = {"port": wanted or free_port(), "controller": free_port()}
        path.write_text(json.dumps(ports))
        return ports

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.ports['port']}"

    def java(self, main, *args):
        return ["java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", f"-Dlog4j.configuration=file:{HERE}/log4j.properties",
                "-cp", f"{fetch()}/*", main, *map(str, args)]

    def tool(self, main, *args):
        result = subprocess.run(self.java(main, *args), capture_output=True, text=True, check=False, timeout=START_S)
        if result.returncode != 0:
            raise StackError(f"{main}: {(result.stdout + result.stderr)[-2000:]}")
        return result.stdout

    def up(self):
        fetch()
        settings = self.root / "server.properties"
        settings.write_text(SETTINGS.format(data=self.root / "data", **self.ports))
        if not (self.root / "data" / "meta.properties").exists():
            cluster = urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
            self.tool("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", settings)  # it may begin with "-"
        if not self.process.pid:
            self.process.start(self.java("kafka.Kafka", settings), dict(os.environ), self.root)
        if (self.root / "topics").exists():
            wait_until(self.listens, START_S, self.why_not)
        else:
            self.make_topics()
        return self

    def why_not(self):
        return f"kafka does not answer:\n{self.process.last_lines(15)}"

    def listens(self):
        """It does when it has read its data: it answers then."""
        if not self.process.pid:
            raise StackError(f"kafka has ended:\n{self.process.last_lines(15)}")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.ports["port"])) == 0

    def make_topics(self):
        """Each is a Java process of its own; two at a time. The marker is written when all are there."""
        wait_until(self.listens, START_S, self.why_not)

        def make(topic):
            self.tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.bootstrap, "--create", "--if-not-exists",
                      "--topic", topic, "--partitions", PARTITIONS, "--replication-factor", 1,
                      *(["--config", "cleanup.policy=compact"] if topic in COMPACTED else []))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(make, TOPICS))
        (self.root / "topics").touch()

    def down(self):
        return self.process.stop(30)

    def kill(self):
        self.process.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["up", "down", "kill", "fetch"])
    parser.add_argument("--dir", type=Path, default=ROOT / "var" / "kafka")
    parser.add_argument("--port", type=int)
    args = parser.parse_args()
    try:
        if args.command == "fetch":
            print(fetch())
        elif args.command == "up":
            kafka = Kafka(args.dir, args.port).up()
            print(f"Apache Kafka {VERSION}: KAFKA_BOOTSTRAP={kafka.bootstrap} make up", file=sys.stderr)
            print(json.dumps({"bootstrap": kafka.bootstrap, "pid": kafka.process.pid, "dir": str(kafka.root)}))
        else:
            getattr(Kafka(args.dir), args.command)()
    except (StackError, OSError, subprocess.SubprocessError) as e:
        print(f"kafka: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
