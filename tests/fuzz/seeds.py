#!/usr/bin/python3
"""Seeds of the fuzzers: the golden vectors in each fuzzer's input format, and what was found once (corpus/NAME/*).

seeds.py DIR        writes DIR/NAME/* for every fuzzer
"""

import hashlib
import json
import re
import shutil
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def vectors(name):
    return json.loads((ROOT / "proto" / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def unhex(text):
    return b"".join(
        bytes.fromhex(byte) * int(times or 1) for byte, times in re.findall(r"([0-9a-fA-F]{2})(?:\*(\d+))?", text)
    )


def part(data):
    """fuzz.h's take_part()."""
    return bytes([len(data)]) + data if len(data) < 255 else b"\xff" + data


def fuzz_websocket():
    for case in vectors("websocket")["cases"]:
        for piece in (0, 4, 28):
            yield bytes([piece | (case["role"] == "server")]) + unhex(case["hex"])


def fuzz_ws_client():
    for case in vectors("websocket")["cases"]:
        if case["role"] == "client":
            yield b"\x01" + unhex(case["hex"])
            yield b"\x06HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
                  b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" + unhex(case["hex"])
    yield b'\x00HTTP/1.1 409 Refused\r\n\r\n{"reason":"session_expired"}'


def fuzz_mux():
    for case in vectors("mux")["cases"]:
        out = b""
        for step in case["steps"]:
            plain = unhex(step.get("input", step.get("refused", "")))
            how = (
                (step.get("send", [0])[0])
                | (0x40 if "send" in step else 0)
                | (0x80 if "resume" in step else 0)
                | (0x20 if "ping" in step else 0)
                | (0x18 if "output" in step else 0)
            )
            if plain and len(plain) < 255 or "input" not in step:
                out += bytes([how]) + part(plain)
        yield out
        yield out[:-1]


def fuzz_handshake():
    v = vectors("handshake")
    for exchange in v["exchanges"]:
        said = {"viewer": b"", "program": b""}
        for message in exchange["messages"]:
            said[message["from"]] += part(unhex(message["hex"]))
        yield b"\x00" + said["viewer"]
        yield bytes([exchange["mode"]]) + said["program"]
    for case in v["hostile"]:
        mode = next(e["mode"] for e in v["exchanges"] if e["name"] == case["exchange"])
        yield bytes([mode if case["receiver"] == "viewer" else 0]) + part(unhex(case["hex"]))
    for refusal in v["refusals"]:
        yield b"\x01" + part(unhex(refusal["hex"]))
    for record in vectors("records")["records"]:
        if "message" in record:
            yield b"\x04" + part(unhex(record["message"]))


def fuzz_agent_json():
    v = vectors("json")
    for case in v["cases"]:
        yield case["text"].encode()
    for broken in v["broken_utf8"]:
        yield b'{"a":"' + unhex(broken) + b'"}'
    yield from (c["claims_json"].encode() for c in vectors("offers")["cases"][:4])
    yield b'{"type":"offer","conn_id":"x","claims":"e30","signature":"AA"}'
    yield b'{"type":"set_password","password":"correct horse"}'


def fuzz_service_json():
    yield from fuzz_agent_json()
    yield from fuzz_event()
    yield b'{"token":"AAAAAA-AAAAAA-AAAAAA","code_prefix":"1234","machine":{"name":"PC"},"receipt_key":"AAAA"}'


def fuzz_event():
    sid = vectors("derived")["cases"][0]["session"]
    record = {
        "id": sid,
        "company": sid,
        "technician": sid,
        "state": "invited",
        "kid": "k1",
        "generation": "1",
        "attempts": "0",
        "checks": '{"opened":"ok"}',
        "machine": '{"name":"PC"}',
        "created_at": "1750000000000",
        "mail_state": "sent",
        "removal": "none",
        "since": "1",
    }
    for state in ("invited", "active", "ended"):
        yield json.dumps({"type": "session.created", "session": sid, "record": {**record, "state": state}}).encode()
    yield json.dumps({"session": sid, "record": {}}).encode()


def fuzz_offer():
    v = vectors("offers")
    for case in v["cases"]:
        yield b"\x00" + case["claims_json"].replace(v["session"], "S").replace(v["conn_id"], "C").encode()
    yield b"\x01" + v["cases"][0]["claims"].encode()


def fuzz_http_client():
    for text in (
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        'HTTP/1.1 403 Forbidden\r\n\r\n{"reason":"code_invalid"}',
        "HTTP/1.1 204 No Content\r\n\r\n",
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\n{"\r\n3\r\na":\r\n2\r\n1}\r\n0\r\n\r\n',
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n",
    ):
        yield b"\x00" + text.encode()
        yield b"\x05" + text.encode()


def fuzz_link_token():
    v = vectors("identifiers")
    yield from (c["typed"].encode() for c in v["link_tokens"]["read"])
    yield from (c["in"].encode() for c in v["link_tokens"]["found"])
    yield from (c["text"].encode() for c in v["ids"] + v["secrets"] + v["base32"])
    yield vectors("offers")["cases"][0]["claims"].encode()


def fuzz_head():
    yield (
        b"GET /relay/c/x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: beistand.v1, agent.abc, session.s\r\nOrigin: https://h\r\n\r\n"
    )
    yield b"kim.smith+tag@example.co.uk"
    yield b"a=1; beistand_session=abc; b=2"
    yield b"full_remote_control,adhoc_support"


def fuzz_receipt():
    v = vectors("receipts")
    yield from (c["json"].replace(v["session"], "S").encode() for c in v["cases"])
    yield from (c["receipt"].encode() for c in v["cases"])


def fuzz_template():
    yield b"\xff" + (ROOT / "services" / "gateway" / "pages" / "install.html").read_bytes()
    yield b"\xff{{t:contact}}{{v:technician}}{{t:nothing}}{{{{}}"
    yield b'\xfe<b>"Tina" & {company}</b>'


def fuzz_mail():
    names = ["Kim", "Tina M\u00fcller", "Muster GmbH", "+49 30 1", "B <b@example.com>"]
    yield b"\x81" + b"".join(part(n.encode()) for n in names)
    yield b"\x02" + b"".join(part((n * 9).encode()) for n in names)
    yield b"\x83" + b"".join(part(n.encode() + b"\r\nBcc: x@y.z\r\n\r\n") for n in names)


def fuzz_program():
    offer = json.dumps({"type": "offer", "conn_id": "x", "claims": "e30", "signature": "A" * 86}).encode()
    yield b"\x00" + b"".join(
        part(t) for t in (offer, b'{"type":"ended","reason":"ended_by_technician"}', b'{"type":"drain"}', b"{}", b"x")
    )
    report = json.dumps({"session": "s", "technician": "Tina", "company": "M", "language": "de"}).encode()
    active = json.dumps({"session": "s", "agent_token": "t", "expires_at": 9000000, "server_time": 1000000}).encode()
    yield b"\x01\x00" + part(report) + b"\x01" + part(b'{"reason":"code_invalid","attempts_left":4}') + b"\x00" + part(
        active
    ) + b"\x00" + part(b'{"status":"ended","reason":"x"}')
    lines = [
        b'{"type":"set_password","password":"correct horse"}\n',
        b'{"type":"start","feature":"remote"}\n',
        b'{"type":"x"}\n',
        b"{",
        b'{"type":"end"}\n',
    ]
    yield b"\x02" + b"".join(b"\x00" + part(line) for line in lines)
    yield b"\x02\x01" + part(b"RFB 003.008\n") + b"\x05" + part(b"file")
    hello = unhex(vectors("handshake")["exchanges"][0]["messages"][0]["hex"])
    yield b"\x03" + part(bytes([0x82, len(hello)]) + hello) + part(b"\x82\x21\x03" + bytes(32)) + part(b"\x89\x00")


def fuzz_rfb():
    """Steps of fuzz_rfb.c: 8 * (n - 1) and n bytes of the viewer; 5, 13, ... a frame; 6 cursor and clipboard; 7 a pause."""

    def say(*messages):
        data = b"".join(messages)
        return b"".join(bytes([8 * (len(data[i : i + 32]) - 1)]) + data[i : i + 32] for i in range(0, len(data), 32))

    def encodings(*numbers):
        return b"\x02\x00" + len(numbers).to_bytes(2, "big") + b"".join((n % 2**32).to_bytes(4, "big") for n in numbers)

    request, continuous = b"\x03\x00" + bytes([0, 0, 0, 0, 0, 150, 0, 90]), b"\x96\x01" + bytes([0, 0, 0, 0, 0, 150, 0, 90])
    pseudo = (1, -26, -254, -223, -308, -312, -313, -307, -258, -316, -314, 0xC0A1E5CE)
    rgb565 = b"\x00" * 4 + bytes([16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0])
    fence = b"\xf8\x00\x00\x00\x00\x00\x00\x01\x08bwin\x00\x00\x00\x01"
    yield b"\x00" + say(b"RFB 003.003\n\x01", request) + b"\x05\x07"
    for encoding in (0, 7, 16):
        yield b"\x01" + say(encodings(encoding, *pseudo), continuous) + b"\x85\x86\x85" + say(fence) + b"\x87\x8d\x87"
        yield b"\x01" + say(rgb565, encodings(encoding, 1), request) + b"\x85" + say(request) + b"\x95\x9d\x87"
    input_ = b"\x04\x01\x00\x00\x00\x00\x00a" + b"\xff\x00\x00\x01\x00\x00\x00a\x00\x00\x00\x1e" + b"\x05\x01\x00\x05\x00\x06"
    text = b"\x06\x00\x00\x00\x00\x00\x00\x04text"
    packed = zlib.compress(b"\x00\x00\x00\x05text\x00")
    extended = [b"\x01\x00\x00\x01\x00\x00\x00\x00", b"\x08\x00\x00\x01", b"\x02\x00\x00\x01", b"\x10\x00\x00\x01" + packed]
    clipboard = b"".join(b"\x06\x00\x00\x00" + (-len(m) % 2**32).to_bytes(4, "big") + m for m in extended)
    size = b"\xfb\x00\x00\x32\x00\x32\x01\x00" + bytes(16)
    yield b"\x01" + say(encodings(7, *pseudo), input_, text, clipboard, size) + b"\x06" + say(request) + b"\x85"


def fuzz_rfb_zrle():
    size = b"\x03\x03"  # 4 x 4 pixels
    yield size + b"\x00" + bytes(48)
    yield size + b"\x01\x10\x20\x30"
    yield size + b"\x02\x00\x00\x00\xff\xff\xff\xa0\x50\xa0\x50"
    yield size + b"\x80\x00\x00\xff\x0f"
    yield size + b"\x82\x00\x00\x00\xff\xff\xff\x81\x07\x80\x07"
    yield b"\x50\x50" + (b"\x01\x10\x20\x30" * 4)


def names():
    return sorted(path.stem for path in HERE.glob("fuzz_*.c"))


def write(folder):
    """A fresh folder per fuzzer; one that has no seeds here starts from an empty input."""
    for name in names():
        target = Path(folder) / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        made = list(globals()[name]()) if name in globals() else [b""]
        made += [path.read_bytes() for path in sorted((HERE / "corpus" / name).glob("*"))]
        for data in made:
            (target / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    write(sys.argv[1])
