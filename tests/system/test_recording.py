"""S-2 S-47: between the two ends nobody holds what belongs to them. Everything that passed from create to the first
connections was recorded in plain behind the edge; with it Redis, Kafka, the mails and all logs are searched for the
session password, e, and what was drawn and typed."""
import base64
import secrets
import socket
import subprocess
import threading

import pytest

from flows import Mail, Support, read_redis, wait_mail
from recorder import Recorder, forms, key_events, search
from stack import FRONTED, TOPICS, Stack, free_port, wait_until


class Monitor:
    """Everything that Redis was asked (MONITOR), published messages too."""

    def __init__(self, stack):
        self.socket = socket.create_connection(("127.0.0.1", stack.ports["redis"]))
        self.socket.sendall(b"MONITOR\r\n")
        self.data = bytearray()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        wait_until(lambda: self.data.startswith(b"+OK"), 5, lambda: "MONITOR")

    def read(self):
        while data := self.socket.recv(65536):
            self.data += data

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.socket.close()
        return bytes(self.data)


class RecordedStack(Stack):
    """The edge reaches every replica through a recorder."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.tapped = {i: free_port() for s in FRONTED for i in self.instances(s)}
        self.recorder = Recorder({i: (port, self.ports[i]) for i, port in self.tapped.items()})

    def edge_address(self, instance):
        return f"127.0.0.1:{self.tapped[instance]}"

    def down(self):
        stubborn = super().down()
        self.recorder.close()
        return stubborn


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The whole flow, recorded; afterwards what is left is only read."""
    stack = RecordedStack(tmp_path_factory.mktemp("recorded"))
    with stack.up():
        monitor = Monitor(stack)
        with Support(stack, tmp_path_factory.mktemp("people"), invite=("--email", "kim@example.com", "--name", "Kim")) as one:
            wait_mail(stack, "kim@example.com")
            one.paired()
            drawn, typed = (secrets.token_hex(12) for _ in range(2))
            one.pc.say(f"say {drawn}")
            assert one.read_screen(0) == drawn
            one.type(typed)
            assert one.read_screen(1) == typed
            wrong = secrets.token_urlsafe(12)
            one.cli.set_password(wrong)
            assert one.cli.refused(*one.with_password("screenshot", one.folder / "no.png"))[0] == "password_wrong"
            one.api.end(one.id)
            one.ended("ended_by_technician")
            views = [*stack.recorder.views(), ("redis, asked", monitor.close()), *redis_views(stack), *kafka_views(stack),
                     *file_views(stack)]
            yield {"views": views, "one": one, "stack": stack,
                   "secrets": {"session password": one.password, "e": one.e, "drawn": drawn, "typed": typed, "wrong": wrong}}


def redis_views(stack):
    """Every key with its value, as Redis itself serialises it and in plain."""
    r = read_redis(stack)
    read = {"string": r.get, "hash": r.hgetall, "zset": lambda k: r.zrange(k, 0, -1, withscores=True),
            "stream": r.xrange, "set": r.smembers, "list": lambda k: r.lrange(k, 0, -1)}
    for key in r.scan_iter("*", count=1000):
        yield f"redis {key}", f"{key} {read[r.type(key)](key)}".encode()


def kafka_views(stack):
    for topic in TOPICS:
        out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", stack.kafka, "-t", topic, "-o", "beginning", "-f", "%k %h %s\n", "-X",
                              "fetch.wait.max.ms=5", "-X", "broker.address.family=v4"], capture_output=True, timeout=60, check=True)
        yield f"kafka {topic}", out.stdout


def file_views(stack):
    """Logs, the append-only file, mails, configuration: whatever lies in the stack's folder."""
    for path in sorted(stack.root.rglob("*")):
        if path.is_file() and not path.name.endswith(".exe"):
            yield f"file {path.relative_to(stack.root)}", path.read_bytes()
        if path.suffix == ".eml":
            mail = Mail(path)
            yield f"file {path.relative_to(stack.root)}, decoded", f"{mail.message.items()}{mail.text}{mail.html}".encode()


def joined(story, prefix):
    return b"\n".join(data for name, data in story["views"] if name.startswith(prefix))


def test_the_search_finds_every_form():
    """A search that finds nothing proves something only if it would have found it."""
    text = "s3cret-Wörd/+"
    for before in range(4):
        around = b"x" * before + text.encode() + b"tail"
        for data in (around, base64.b64encode(around), base64.urlsafe_b64encode(around), around.hex().encode(),
                     around.hex().upper().encode(), b"x" * before + text.encode("utf-16-le")):
            assert search([("here", data)], {"it": text}) == [("here", "it")]
    assert search([("here", key_events("typed"))], {"it": "typed"}) and search([("here", b"1234-5678")], {"it": "12345678"})
    assert not search([("here", b"s3cret-W")], {"it": text}) and all(len(form) >= 8 for form in forms("12345678"))


def test_the_recording_has_the_whole_story(story):
    """Nor does it if the place was not looked at."""
    one, gateway, agent, relay = story["one"], *(joined(story, s) for s in ("gateway", "activation", "relay"))
    for text in ('"send_email":true', f'"code_prefix":"{one.code[:4]}"', '"claims":"', f"/v1/sessions/{one.id}/tickets"):
        assert text.encode() in gateway, text
    for text in (f'"code_prefix":"{one.code[:4]}"', '"agent_token":"', '"event":"paired"', '"receipt":"'):
        assert text.encode() in agent, text
    assert f"/relay/control/{one.id}".encode() in relay and b'"type":"offer"' in relay
    frames = [data for name, data in story["views"] if name.startswith("relay") and name.endswith("service, frames")]
    hellos = [data[:3] for data in frames if data[:1] == b"\x01"]
    assert hellos.count(b"\x01\x01\x01") == 1 and hellos.count(b"\x01\x01\x02") >= 4, "pairing and connections, unmasked"
    assert sum(len(data) for name, data in story["views"] if name.startswith("relay") and name.endswith("frames")) > 8000
    assert one.id.encode() in joined(story, "redis {") and b"session.activated" in joined(story, "kafka beistand.journal")
    assert b'"PUBLISH" "beistand.offer"' in joined(story, "redis, asked") and b"session.ended" in joined(story, "file redis/")
    assert b"session_end" in joined(story, "file log/gateway") and one.link.split("#")[1].encode() in joined(story, "file mail/")


def test_nobody_between_the_ends_has_password_digits_or_content(story):
    """S-2 S-47: not raw, not in hex, not in base64 of any alignment or alphabet, not as key events."""
    assert search(story["views"], story["secrets"]) == []


def test_nothing_of_the_inner_protocol_is_readable(story):
    """S-47: RFB, control lines and the password's command only travel encrypted."""
    inner = {b"RFB 003.", b'"set_password"', b'"password_set"', b'"feature":"remote"}\n', b'"type":"hello"', b'"type":"started"'}
    assert [(name, text) for name, data in story["views"] if name.startswith("relay") for text in inner if text in data] == []


def test_secrets_of_the_control_plane_are_not_stored_or_logged(story):
    """S-47 DESIGN 2: derived secrets are in no store; logs have neither link nor ticket nor agent token."""
    one = story["one"]
    token = one.link.split("#")[1]
    agent = joined(story, "activation").partition(b'"agent_token":"')[2][:52].decode()
    ticket = joined(story, "gateway").partition(b'"ticket":"')[2][:52].decode()
    assert len(agent) == len(ticket) == 52
    kept = [(n, d) for n, d in story["views"] if n.startswith(("redis {", "kafka", "file log/", "file redis/"))]
    assert search(kept, {"agent token": agent, "ticket": ticket, "api key": one.api.key[3:]}) == []
    logs = [(n, d) for n, d in story["views"] if n.startswith(("file log/", "kafka"))]
    assert search(logs, {"link": token, "link without dashes": token.replace("-", ""), "first 16": token.replace("-", "")[:16]}) == []
    assert b'"code_prefix"' not in joined(story, "file log/") + joined(story, "kafka")
