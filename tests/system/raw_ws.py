"""A WebSocket client that can also do what no library would: frames of any form, half a frame, a hostile head. It talks
to a relay itself, past the edge, so that a relay's own answer is seen."""
import base64
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def head(path, protocols, **headers):
    """The bytes of an upgrade request. Values None are left out."""
    lines = {"Host": "relay", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": protocols,
             **{k.replace("_", "-"): v for k, v in headers.items()}}
    text = f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None) + "\r\n"
    return text.encode()


def frame(opcode, payload=b"", fin=True, masked=True, rsv=0, length=None, form=None):
    """One frame. length: what the header claims (None: the truth); form: 7, 16 or 64 bits (None: the shortest)."""
    claimed = len(payload) if length is None else length
    form = form or (7 if claimed < 126 else 16 if claimed < 65536 else 64)
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    second = 0x80 if masked else 0
    size = {7: lambda: bytes([second | claimed]), 16: lambda: bytes([second | 126]) + struct.pack(">H", claimed),
            64: lambda: bytes([second | 127]) + struct.pack(">Q", claimed)}[form]()
    if not masked:
        return first + size + payload
    mask = os.urandom(4)
    return first + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class RawSocket:
    """status: of the answer to the upgrade; body: of a refusal. After 101: send() bytes, receive() frames."""

    def __init__(self, address, request, timeout=10):
        host, port = address.removeprefix("http://").rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.buffer = b""
        self.status = self.body = None
        if request:
            self.send(request)
            self.read_answer()

    def read_answer(self):
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                break
        top, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.status = int(top.split()[1]) if top else 0
        self.head = top.decode(errors="replace")
        if self.status != 101:
            while self.more():
                pass
            self.body = self.buffer.decode(errors="replace")

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        """False: the other end has closed."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def need(self, n):
        while len(self.buffer) < n:
            if not self.more():
                return False
        return True

    def receive(self):
        """(opcode, payload) of the next frame; None when the connection is over before a whole one."""
        if not self.need(2):
            return None
        opcode, size, at = self.buffer[0] & 15, self.buffer[1] & 127, 2
        if size > 125:
            width = 2 if size == 126 else 8
            if not self.need(2 + width):
                return None
            size, at = int.from_bytes(self.buffer[2:2 + width], "big"), 2 + width
        if not self.need(at + size):
            return None
        payload, self.buffer = self.buffer[at:at + size], self.buffer[at + size:]
        return opcode, payload

    def receive_until(self, *opcodes):
        """The next frame of one of these opcodes, or None."""
        while True:
            got = self.receive()
            if got is None or got[0] in opcodes:
                return got

    def close_code(self):
        """The code of the close frame that ends it; None when it is cut without one."""
        got = self.receive_until(CLOSE)
        return int.from_bytes(got[1][:2], "big") if got and len(got[1]) >= 2 else None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
