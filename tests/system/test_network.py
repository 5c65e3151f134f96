"""What stands between a PC and the service, told apart by the program (S-37): firewall, proxy, TLS inspection. Each has a
server of its own here that behaves like it."""
import json
import socket
import ssl
import subprocess
import threading

import pytest

from customers import Customer, Session
from flows import new_technician
from stack import free_port

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]


class Middlebox:
    """A TLS server on its own port. answer(head) → bytes to answer with, or None: passed on to the edge."""

    def __init__(self, stack, pem, answer):
        self.stack, self.answer = stack, answer
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(client,), daemon=True).start()

    def handle(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as client:
                head = b""
                while b"\r\n\r\n" not in head and (data := client.recv(65536)):
                    head += data
                said = self.answer(head)
                if said is None:
                    self.forward(client, head)
                else:
                    client.sendall(said)
        except OSError:
            pass

    def forward(self, client, head):
        trust = ssl.create_default_context(cafile=self.stack.root / "secrets" / "ca.pem")
        plain = socket.create_connection(("127.0.0.1", self.stack.ports["edge"]))
        with trust.wrap_socket(plain, server_hostname="127.0.0.1") as edge:
            edge.sendall(head)
            threading.Thread(target=pump, args=(client, edge), daemon=True).start()
            pump(edge, client)

    def close(self):
        self.listener.close()


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def config_for(stack, folder, port):
    """The program's configuration with another port: the way to the service leads through what listens there."""
    config = json.loads((stack.root / "program.json").read_text())
    config["origin"] = f"https://127.0.0.1:{port}"
    path = folder / f"program-{port}.json"
    path.write_text(json.dumps(config))
    return path


@pytest.fixture
def foreign_pem(tmp_path):
    """What a box that inspects TLS shows: a good certificate of an authority that the program does not know."""
    path = tmp_path / "foreign.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", tmp_path / "cert"], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "cert").read_text())
    return path


def answer_of(status, body=b"<html>blocked by your IT</html>", kind="text/html"):
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            .encode() + body)


def blocked_line(stack, tmp_path, port, *options):
    api = new_technician(stack)
    made = api.create()[1]
    with Customer(stack, made["install_url"], tmp_path / "pc", "--config", config_for(stack, tmp_path, port), *options) as pc:
        return pc.wait(lambda line: line.get("state") == "reporting" and line.get("reason"), 40, "an obstacle")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_firewall_is_named_with_host_and_port_in_each_language(stack, tmp_path, language):
    """S-37 S-72"""
    port = free_port()
    line = blocked_line(stack, tmp_path, port, "--language", language)
    assert (line["reason"], line["blocked"]) == ("network_blocked", "firewall")
    assert "127.0.0.1" in line["text"] and str(port) in line["text"] and "{" not in line["text"]


def test_tls_inspection_is_told_from_a_firewall(stack, tmp_path, foreign_pem):
    """S-37: somebody answers, but not with our certificate."""
    box = Middlebox(stack, foreign_pem, lambda head: answer_of("200 OK"))
    line = blocked_line(stack, tmp_path, box.port)
    box.close()
    assert (line["reason"], line["blocked"]) == ("network_blocked", "tls_inspection") and str(box.port) in line["text"]


@pytest.mark.parametrize("said", [
    answer_of("407 Proxy Authentication Required"), answer_of("403 Forbidden"), answer_of("200 OK"),
    answer_of("302 Found", b""), answer_of("502 Bad Gateway"), b"SSH-2.0-something else\r\n",
])
def test_a_proxy_that_answers_in_our_place_is_told_apart(stack, tmp_path, said):
    """S-37: a login page or a block page is no answer of ours, whatever its status; nothing is installed or removed by it."""
    box = Middlebox(stack, stack.root / "secrets" / "server.pem", lambda head: said)
    line = blocked_line(stack, tmp_path, box.port)
    box.close()
    assert (line["reason"], line["blocked"]) == ("network_blocked", "proxy")


@pytest.mark.parametrize("status, reason", [("503 Service Unavailable", "unavailable"), ("429 Too Many Requests", "rate_limited")])
def test_the_service_itself_saying_no_is_not_a_blocked_network(stack, tmp_path, status, reason):
    """S-36 S-37: the program waits and tries again."""
    body = json.dumps({"type": f"/help#{reason}", "title": "", "status": int(status[:3]), "reason": reason}).encode()
    box = Middlebox(stack, stack.root / "secrets" / "server.pem", lambda head: answer_of(status, body, "application/problem+json"))
    line = blocked_line(stack, tmp_path, box.port)
    box.close()
    assert line["reason"] == reason and "blocked" not in line


def test_a_proxy_that_stops_only_websockets_is_told_to_the_technician(stack, tmp_path):
    """S-37 S-14: set-up and code work, the connection does not. When it is let through, all is well by itself."""
    stopped = [True]

    def answer(head):
        return answer_of("403 Forbidden") if stopped[0] and b"upgrade: websocket" in head.lower() else None
    box = Middlebox(stack, stack.root / "secrets" / "server.pem", answer)
    api = new_technician(stack)
    session = Session(stack, api, tmp_path)
    session.start("--config", config_for(stack, tmp_path, box.port))
    line = session.pc.wait_state("active", "network_blocked", 40)
    assert line["blocked"] == "proxy" and str(box.port) in line["text"]
    seen = api.wait(session.id, lambda s: s["setup"], 40)
    assert seen["setup"] == {"reason": "network_blocked", "detail": "proxy"} and not seen["online"]
    network = next(s for s in seen["checklist"] if s["step"] == "network")
    assert (network["state"], network["reason"]) == ("failed", "network_blocked")
    stopped[0] = False
    session.pc.wait_state("active", "online", 40)
    seen = api.wait(session.id, lambda s: s["setup"] is None)
    assert next(s for s in seen["checklist"] if s["step"] == "network")["state"] == "ok"
    session.close()
    box.close()


def test_a_relay_that_is_down_is_not_a_blocked_network(stack, tmp_path):
    """S-37 S-8: the edge says in our words that it cannot; the technician is told nothing wrong."""
    api = new_technician(stack)
    session = Session(stack, api, tmp_path)
    stack.stop("relay-1")
    try:
        session.start()
        session.pc.wait(lambda _: sum(line.get("reason") == "offline" for line in session.pc.seen) >= 4, 60, "four tries")
        assert not [line for line in session.pc.seen if line.get("reason") == "network_blocked"]
    finally:
        stack.start("relay-1")
        stack.wait_ready(["relay-1"])
    session.pc.wait_state("active", "online", 40)
    assert api.session(session.id)["setup"] is None
    session.close()
