"""Cases of make.py: WebSocket frames (RFC 6455) and the mux (channel.md section 4)."""

MASK = bytes.fromhex("37fa213d")
WINDOW = 262144


def frame(first, payload, mask=None, length=None):
    """length: bytes of a length that is not the shortest one."""
    n = len(payload)
    bit = 128 if mask else 0
    if length:
        head = bytes([first, bit | (126 if length == 2 else 127)]) + n.to_bytes(length, "big")
    elif n < 126:
        head = bytes([first, bit | n])
    else:
        head = bytes([first, bit | (126 if n < 65536 else 127)]) + n.to_bytes(2 if n < 65536 else 8, "big")
    return head + (mask or b"") + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else head + payload


def head(first, size, masked=True):
    """A header that announces size bytes, eight-byte form."""
    return bytes([first, 127 | (128 if masked else 0)]) + size.to_bytes(8, "big") + (MASK if masked else b"")


def masked(first, payload=b""):
    return frame(first, payload, MASK)


def websocket_good():
    long = bytes(range(256)) * 3
    yield "a masked text (RFC 6455 section 5.7)", "server", masked(0x81, b"Hello"), [
        "frame text fin 5",
        "data 48656c6c6f",
        "end",
    ]
    yield "an unmasked text", "client", frame(0x81, b"Hello"), ["frame text fin 5", "data 48656c6c6f", "end"]
    yield "a fragmented text", "client", frame(0x01, b"Hel") + frame(0x80, b"lo"), [
        "frame text 3",
        "data 48656c",
        "end",
        "frame continuation fin 2",
        "data 6c6f",
        "end",
    ]
    yield "a ping and its pong", "server", masked(0x89, b"Hello") + masked(0x8A, b"Hello"), [
        "control ping 48656c6c6f",
        "control pong 48656c6c6f",
    ]
    yield "an empty binary frame", "server", masked(0x82), ["frame binary fin 0", "end"]
    yield "an empty ping", "server", masked(0x89), ["control ping "]
    yield "a ping between two fragments", "server", masked(0x02, b"a") + masked(0x89, b"p") + masked(0x80, b"b"), [
        "frame binary 1",
        "data 61",
        "end",
        "control ping 70",
        "frame continuation fin 1",
        "data 62",
        "end",
    ]
    yield "two-byte length", "client", frame(0x82, long), ["frame binary fin 768", f"data {long.hex()}", "end"]
    yield "the shortest two-byte length", "server", masked(0x82, b"x" * 126), [
        "frame binary fin 126",
        f"data {'78' * 126}",
        "end",
    ]
    yield "the longest one-byte length", "server", masked(0x82, b"x" * 125), [
        "frame binary fin 125",
        f"data {'78' * 125}",
        "end",
    ]
    yield "eight-byte length", "client", frame(0x82, b"y" * 65536), [
        "frame binary fin 65536",
        f"data {'79' * 65536}",
        "end",
    ]
    yield "a close with code and reason", "server", masked(0x88, b"\x03\xe8bye"), ["control close 03e8627965"]
    yield "a close without", "client", frame(0x88, b""), ["control close "]
    yield "three frames in one read", "server", masked(0x82, b"1") + masked(0x82, b"2") + masked(0x82), [
        "frame binary fin 1",
        "data 31",
        "end",
        "frame binary fin 1",
        "data 32",
        "end",
        "frame binary fin 0",
        "end",
    ]
    yield "a frame that is not complete", "server", masked(0x82, b"abcd")[:-2], ["frame binary fin 4", "data 6162"]


def websocket_hostile():
    yield "an unmasked frame for a server", "server", frame(0x82, b"a"), "fail 1002"
    yield "a masked frame for a client", "client", masked(0x82, b"a"), "fail 1002"
    for bit in (0x40, 0x20, 0x10):
        yield f"reserved bit {bit:02x} (compression is never negotiated)", "server", masked(
            0x82 | bit, b"a"
        ), "fail 1002"
    for opcode in (3, 7, 11, 15):
        yield f"opcode {opcode}", "server", masked(0x80 | opcode, b"a"), "fail 1002"
    yield "a continuation of nothing", "server", masked(0x80, b"a"), "fail 1002"
    yield "a new message inside another", "server", masked(0x02, b"a") + masked(0x82, b"b"), [
        "frame binary 1",
        "data 61",
        "end",
        "fail 1002",
    ]
    yield "a fragmented ping", "server", masked(0x09, b"a"), "fail 1002"
    yield "a ping of 126 bytes", "server", masked(0x89, b"a" * 126), "fail 1002"
    yield "a close of one byte", "server", masked(0x88, b"a"), "fail 1002"
    yield "a length in two bytes that fits in one", "server", frame(0x82, b"a", MASK, 2), "fail 1002"
    yield "a length in eight bytes that fits in two", "server", frame(0x82, b"a" * 200, MASK, 8), "fail 1002"
    yield "bit 63 of a length", "server", head(0x82, 1 << 63), "fail 1002"
    yield "all bits of a length", "server", head(0x82, (1 << 64) - 1), "fail 1002"
    yield "the largest length there is", "server", head(0x82, (1 << 63) - 1), "fail 1009"
    yield "one byte more than allowed", "server", head(0x82, 65537), "fail 1009"
    yield "a ping that announces 2^63-1 bytes", "server", head(0x89, (1 << 63) - 1), "fail 1002"


def websocket():
    cases = [(n, r, b, e) for n, r, b, e in websocket_good()]
    cases += [(n, r, b, e if isinstance(e, list) else [e]) for n, r, b, e in websocket_hostile()]
    headers = [
        (2, True, 0),
        (2, True, 125),
        (1, True, 126),
        (2, False, 65535),
        (0, True, 65536),
        (2, True, 1 << 40),
        (9, True, 5),
    ]
    encoded = []
    for opcode, fin, size in headers:
        for mask in (None, MASK):
            n = (
                bytes([size])
                if size < 126
                else b"\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x7f" + size.to_bytes(8, "big")
            )
            n = bytes([n[0] | (128 if mask else 0)]) + n[1:]
            encoded.append(
                {
                    "opcode": opcode,
                    "fin": fin,
                    "size": size,
                    "mask": mask.hex() if mask else None,
                    "hex": (bytes([opcode | (128 if fin else 0)]) + n + (mask or b"")).hex(),
                }
            )
    return {
        "about": "RFC 6455. role: who decodes; a data frame holds at most frame_max bytes; consecutive data events are one when bytes arrive one by one; nothing is decoded after a fail",
        "frame_max": 65536,
        "accept": [{"key": "dGhlIHNhbXBsZSBub25jZQ==", "accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}],
        "cases": [
            {"name": n, "role": r, "hex": shorten(b), "events": [shorten_event(x) for x in e]} for n, r, b, e in cases
        ],
        "headers": encoded,
    }


def shorten(data):
    """Runs of one byte as XX*n."""
    out, i, plain = [], 0, ""
    while i < len(data):
        n = 1
        while i + n < len(data) and data[i + n] == data[i]:
            n += 1
        if n > 8:
            out += ([plain] if plain else []) + [f"{data[i]:02x}*{n}"]
            plain = ""
        else:
            plain += data[i : i + n].hex()
        i += n
    return " ".join(out + ([plain] if plain else []))


def shorten_event(text):
    kind, _, data = text.rpartition(" ")
    return (
        f"{kind} {shorten(bytes.fromhex(data))}"
        if kind in ("data", "control ping", "control pong", "control close")
        else text
    )


# ---- mux ----


def data(channel, payload):
    return bytes([0, channel]) + len(payload).to_bytes(2, "big") + payload


def credit(channel, consumed, window=WINDOW):
    return bytes([1, channel, 0, 12]) + consumed.to_bytes(8, "big") + window.to_bytes(4, "big")


def resume(channel, received):
    return bytes([2, channel, 0, 8]) + received.to_bytes(8, "big")


def reset(channel, reason=b""):
    return bytes([3, channel]) + len(reason).to_bytes(2, "big") + reason


def ping(value, pong=False):
    return bytes([5 if pong else 4, 0, 0, 8]) + value.to_bytes(8, "big")


def resumes(**received):
    return b"".join(resume(c, received.get(f"c{c}", 0)) for c in range(6))


def record_of(channel, payload):
    """Plaintexts of at most 16384 bytes that carry the payload."""
    return [data(channel, payload[i : i + 16380]) for i in range(0, len(payload), 16380)]


def step(kind, value, **more):
    return {kind: shorten(value) if isinstance(value, bytes) else value, **more}


def sends(channel, payload):
    return {"send": [channel, shorten(payload)]}


def arrives(plain, *got):
    return {"input": shorten(plain), "data": [[c, shorten(d)] for c, d in got]}


def mux_flow():
    yield "a line out and one in", [
        sends(0, b"{}\n"),
        step("output", data(0, b"{}\n")),
        step("output", b""),
        arrives(data(0, b"[]\n"), (0, b"[]\n")),
    ]
    yield "the lower channel goes first", [
        sends(5, b"file"),
        sends(1, b"screen"),
        sends(0, b"line"),
        step("output", data(0, b"line") + data(1, b"screen") + data(5, b"file")),
    ]
    yield "several frames in one record", [
        arrives(data(1, b"ab") + data(0, b"c") + data(1, b"") + data(1, b"d"), (1, b"ab"), (0, b"c"), (1, b"d"))
    ]
    yield "a frame as large as a record", [
        sends(1, b"s" * 16380),
        step("output", data(1, b"s" * 16380)),
        arrives(data(1, b"s" * 16380), (1, b"s" * 16380)),
    ]
    yield "a ping is answered with its own bytes", [
        arrives(ping(0x0102030405060708)),
        step("output", ping(0x0102030405060708, True)),
        step("output", b""),
    ]
    yield "only the last of many pings is answered", [
        arrives(ping(1) + ping(2) + ping(3)),
        step("output", ping(3, True)),
        step("output", b""),
    ]
    yield "a pong comes back", [{"ping": 1234}, step("output", ping(1234)), {**arrives(ping(1234, True)), "pong": 1234}]
    quarter = WINDOW // 4
    yield "credit is given for each quarter of the window", [
        *[arrives(d, (1, d[4:])) for d in record_of(1, b"x" * (quarter - 1))],
        step("output", b""),
        arrives(data(1, b"x"), (1, b"x")),
        step("output", credit(1, quarter)),
        step("output", b""),
    ]
    yield "small frames go before data", [
        sends(1, b"late"),
        arrives(ping(7)),
        {"ping": 8},
        step("output", ping(7, True) + ping(8) + data(1, b"late")),
    ]


def mux_credit():
    full = record_of(5, b"f" * WINDOW)
    outs = [step("output", d) for d in full[:-1]]
    yield "the sender stops at the window and goes on with credit", [
        sends(5, b"f" * WINDOW),
        *outs,
        step("output", full[-1]),
        step("output", b""),
        arrives(credit(5, 100)),
        sends(5, b"g" * 100),
        step("output", data(5, b"g" * 100)),
        step("output", b""),
    ]
    yield "a smaller window holds the sender back", [
        arrives(credit(1, 0, 3)),
        sends(1, b"abcdef"),
        step("output", data(1, b"abc")),
        step("output", b""),
        arrives(credit(1, 2, 3)),
        step("output", data(1, b"de")),
        arrives(credit(1, 5, 3)),
        step("output", data(1, b"f")),
    ]
    yield "a window of nothing", [
        arrives(credit(1, 0, 0)),
        sends(1, b"a"),
        step("output", b""),
        arrives(credit(1, 0)),
        step("output", data(1, b"a")),
    ]
    yield "credit that was overtaken is ignored", [
        sends(1, b"abcd"),
        step("output", data(1, b"abcd")),
        arrives(credit(1, 4)),
        arrives(credit(1, 2, 1)),
        sends(1, b"ef"),
        step("output", data(1, b"ef")),
    ]


def mux_resume():
    yield "a new connection goes on at the byte where the other end stopped", [
        sends(1, b"abcdef"),
        step("output", data(1, b"abcdef")),
        arrives(data(1, b"12345"), (1, b"12345")),
        {"resume": True},
        step("output", resumes(c1=5)),
        sends(0, b"line"),
        step("output", b""),
        arrives(resumes(c1=4)),
        step("output", data(0, b"line") + data(1, b"ef")),
        arrives(data(1, b"67"), (1, b"67")),
    ]
    yield "all was received: nothing is sent again", [
        sends(1, b"abc"),
        step("output", data(1, b"abc")),
        {"resume": True},
        step("output", resumes()),
        arrives(resumes(c1=3)),
        step("output", b""),
    ]
    yield "two connections lost in a row", [
        sends(2, b"hello"),
        step("output", data(2, b"hello")),
        {"resume": True},
        step("output", resumes()),
        arrives(resumes(c2=1)),
        step("output", data(2, b"ello")),
        {"resume": True},
        step("output", resumes()),
        arrives(resumes(c2=5)),
        step("output", b""),
    ]
    yield "a channel is free as soon as its own resume came", [
        sends(1, b"a"),
        {"resume": True},
        step("output", resumes()),
        arrives(resume(1, 0)),
        step("output", data(1, b"a")),
    ]
    yield "a ping is not carried over", [{"ping": 5}, {"resume": True}, step("output", resumes())]
    yield "a reset channel starts again at offset 0", [
        arrives(data(3, b"shell"), (3, b"shell")),
        {**arrives(reset(3, b"closed")), "reset": 3},
        arrives(data(3, b"new"), (3, b"new")),
        {"resume": True},
        step("output", resumes(c3=3)),
    ]


def mux_hostile():
    sent = [sends(1, b"abcd"), step("output", data(1, b"abcd"))]
    for name, bad in [
        ("a cut header", b"\x00\x01\x00"),
        ("a cut payload", b"\x00\x01\x00\x05a"),
        ("a length beyond the record", b"\x00\x01\xff\xff"),
        ("channel 6", data(6, b"a")),
        ("channel 255", b"\x00\xff\x00\x01a"),
        ("an unknown type", b"\x06\x00\x00\x00"),
        ("type 255", b"\xff\x00\x00\x00"),
        ("a credit of 11 bytes", credit(1, 0)[:2] + b"\x00\x0b" + bytes(11)),
        ("a credit of 13 bytes", b"\x01\x01\x00\x0d" + bytes(13)),
        ("a resume of 7 bytes", b"\x02\x01\x00\x07" + bytes(7)),
        ("a ping of 4 bytes", b"\x04\x00\x00\x04abcd"),
        ("a pong of 9 bytes", b"\x05\x00\x00\x09" + bytes(9)),
        ("good bytes, then rubbish", data(1, b"a") + b"\x00"),
        ("a resume without a new connection", resume(1, 0)),
        ("credit of a channel nothing was sent on", credit(2, 1)),
        ("credit for 2^64-1 bytes", credit(1, 2**64 - 1)),
        ("a window above the limit", credit(1, 0, WINDOW + 1)),
    ]:
        yield name, [step("refused", bad)]
    yield "credit for a byte that was never sent", [*sent, step("refused", credit(1, 5))]
    yield "credit for bytes that wait", [
        arrives(credit(1, 0, 2)),
        sends(1, b"abcd"),
        step("output", data(1, b"ab")),
        step("refused", credit(1, 3)),
    ]
    yield "a resume beyond what was written", [
        *sent,
        {"resume": True},
        step("output", resumes()),
        step("refused", resume(1, 5)),
    ]
    yield "a resume before what was consumed", [
        *sent,
        arrives(credit(1, 3)),
        {"resume": True},
        step("output", resumes()),
        step("refused", resume(1, 2)),
    ]
    yield "a second resume on a channel", [
        *sent,
        {"resume": True},
        step("output", resumes()),
        arrives(resume(1, 4)),
        step("refused", resume(1, 4)),
    ]
    yield "data before the resume", [{"resume": True}, step("output", resumes()), step("refused", data(1, b"a"))]
    full = record_of(1, b"x" * WINDOW)
    yield "one byte more than the credit", [*[arrives(d, (1, d[4:])) for d in full], step("refused", data(1, b"x"))]


def mux():
    cases = [{"name": n, "steps": s} for group in (mux_flow, mux_credit, mux_resume, mux_hostile) for n, s in group()]
    return {
        "about": "channel.md section 4, one end. send: [channel, bytes] written; output: the next plaintext (empty: nothing may be sent); input: a plaintext that arrives and "
        "what it hands on (data: [channel, bytes], pong, reset); resume: a new connection; ping: sent with this clock value; refused: a plaintext that ends the connection",
        "cases": cases,
    }
