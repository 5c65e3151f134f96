"""What carrying a GiB costs: the relay between a real session's two data sockets, and HAProxy between two ends that say
the same bytes. Only CPU time of the process in the middle counts, so a slow sender does no harm."""

import base64
import hashlib
import os
import queue
import shutil
import socket
import threading
import time
from pathlib import Path

from process import Process
from stack import free_port, is_free, wait_until

RECORD = 16384 + 17  # a full record of the encrypted channel
BATCH = 64  # frames in one write
TICKS = os.sysconf("SC_CLK_TCK")
GIB = 1 << 30
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def masked_frames():
    """A batch of binary frames of one record each, as a client sends them."""
    mask, payload = os.urandom(4), os.urandom(RECORD)
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return (b"\x82\xfe" + RECORD.to_bytes(2, "big") + mask + body) * BATCH


def upgrade(address, path, protocols):
    """An open WebSocket as a plain socket."""
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), 20)
    s.sendall(
        (
            f"GET {path} HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Protocol: {protocols}\r\n\r\n"
        ).encode()
    )
    return s


def read_head(s):
    """The head and what came after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            raise OSError(f"closed before the head was complete: {data[:200]!r}")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def expect_switching(s):
    head, _ = read_head(s)
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise OSError(f"not upgraded: {head[:200]!r}")
    return s


def swallow(s, wanted, done):
    """Reads until that many bytes came, or the end."""
    buffer, got = bytearray(1 << 20), 0
    while got < wanted:
        n = s.recv_into(buffer)
        if n == 0:
            break
        got += n
    done.append(got)


def pour(source, sink, size, pid, seconds, unmasked=True):
    """(CPU seconds per GiB of the process, MiB per second) for `size` bytes from one socket to the other. unmasked: the
    process takes the mask off, so four bytes of each header do not arrive."""
    batch, done = masked_frames(), []
    received = size // len(batch) * (len(batch) - (4 * BATCH if unmasked else 0))
    reader = threading.Thread(target=swallow, args=(sink, received, done), daemon=True)
    source.settimeout(seconds)
    sink.settimeout(seconds)
    before, started = cpu_seconds(pid), time.monotonic()
    reader.start()
    for _ in range(size // len(batch)):
        source.sendall(batch)
    reader.join(seconds)
    took = time.monotonic() - started
    if not done:
        raise OSError(f"not through within {seconds} s")
    return (cpu_seconds(pid) - before) * GIB / done[0], done[0] / took / (1 << 20)


def through_relay(stack, api, activate, size, seconds):
    status, session = api.create()
    assert status == 201, session
    status, active = activate(stack, session)
    assert status == 200, active
    sid, token, address = session["id"], active["agent_token"], stack.address("relay-1")
    control = expect_switching(upgrade(address, f"/relay/control/{sid}", f"beistand.v1, agent.{token}"))
    api.wait(sid, lambda s: s["online"], what="online")
    status, ticket = api.call("POST", f"/v1/sessions/{sid}/tickets", {"feature": "remote", "mode": "connect"})
    assert status == 201, ticket
    viewer = expect_switching(
        upgrade(address, f"/relay/c/{ticket['conn_id']}", f"beistand.v1, ticket.{ticket['ticket']}")
    )
    program = expect_switching(
        upgrade(address, f"/relay/c/{ticket['conn_id']}", f"beistand.v1, agent.{token}, session.{sid}")
    )
    try:
        return pour(program, viewer, size, stack.process("relay-1").pid, seconds)
    finally:
        for s in (viewer, program, control):
            s.close()
        api.end(sid)


HAPROXY = """\
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend f
    bind 127.0.0.1:{front}
    default_backend b
backend b
    server s 127.0.0.1:{back}
"""


def accept_one(listener, accepted):
    s, _ = listener.accept()
    head, _ = read_head(s)
    key = next(
        line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")
    )
    accept = base64.b64encode(hashlib.sha1(key + GUID.encode()).digest()).decode()
    s.sendall(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    accepted.put(s)


def through_haproxy(folder, size, seconds):
    """The same bytes through a tunnel of HAProxy: copied, not unmasked; the least that a process in the middle can do."""
    binary = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not binary:
        return None
    listener, front = socket.create_server(("127.0.0.1", 0)), free_port()
    config = Path(folder) / "peer.cfg"
    config.write_text(HAPROXY.format(front=front, back=listener.getsockname()[1]))
    haproxy = Process("peer", Path(folder), Path(folder))
    haproxy.start([binary, "-db", "-f", config], dict(os.environ), folder)
    accepted, opened = queue.Queue(), []
    try:
        wait_until(lambda: not is_free(front), 10, lambda: "the peer HAProxy")
        threading.Thread(target=accept_one, args=(listener, accepted), daemon=True).start()
        opened.append(expect_switching(upgrade(f"127.0.0.1:{front}", "/", "beistand.v1")))
        opened.append(accepted.get(timeout=20))
        return pour(*opened, size, haproxy.pid, seconds, unmasked=False)
    finally:
        for s in opened:
            s.close()
        listener.close()
        haproxy.stop()
