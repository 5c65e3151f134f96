"""Cases of make.py: records and handshakes (channel.md section 3)."""

import primitives as p
from socket_cases import shorten

CI = p.lv(b"viewer") + p.lv(b"program")
PAIR, CONNECT, RESUME = 1, 2, 3


def records(sample):
    key = sample("record key", 32)
    plains = [b"", b"a", b'{"type":"end"}\n', bytes(100), b"s" * 16384]
    good = [p.seal(key, i, plain) for i, plain in enumerate(plains)]

    def bad(name, message):
        return {"name": name, "message": shorten(message)}

    flipped = [bytes([*good[1][:i], good[1][i] ^ 1, *good[1][i + 1 :]]) for i in (0, 1, len(good[1]) - 1)]
    return {
        "about": "channel.md section 3: records under one key, counter from 0 (long ones by their SHA-256); refused: none of them opens as the first record",
        "key": key.hex(),
        "records": [
            {"plain": shorten(x), "message_sha256": p.sha256(m).hex(), **({"message": m.hex()} if len(m) < 200 else {})}
            for x, m in zip(plains, good)
        ],
        "refused": [
            bad("the second record", good[1]),
            *[bad("one bit changed", m) for m in flipped],
            bad("empty", b""),
            bad("type only", b"\x10"),
            bad("cut tag", good[0][:-1]),
            bad("one byte more", good[0] + b"\0"),
            bad("another type", b"\x11" + good[0][1:]),
            bad("another key", p.seal(sample("other", 32), 0, b"a")),
            bad("a plaintext of 16385 bytes", b"\x10" + bytes(16385 + 16)),
        ],
    }


class Exchange:
    """Both ends with fixed randomness."""

    def __init__(self, name, mode, sample, session, conn, claims, **secrets):
        self.name, self.mode, self.secrets = name, mode, secrets
        self.nonce_v, self.nonce_p = sample(f"{name} viewer nonce", 16), sample(f"{name} program nonce", 16)
        # Below 2^252: the same scalar whether it is reduced or not.
        self.secret_v, self.secret_p = (
            sample(f"{name} {who} secret", 32)[:31] + b"\x0f" for who in ("viewer", "program")
        )
        self.salt, self.iterations = secrets.get("salt", bytes(16)), secrets.get("iterations", 0)
        self.ctx = p.sha256(
            b"beistand cpace v1\0",
            session.encode(),
            b"\0",
            conn.encode(),
            b"\0",
            bytes([mode]),
            self.nonce_v,
            self.nonce_p,
            p.sha256(claims.encode()),
        )
        self.messages = []
        if mode == RESUME:
            self.run_resume()
        else:
            self.run_cpace()
        self.finish()

    def say(self, who, message):
        self.messages.append((who, message))

    def ack(self, more=b""):
        return bytes([2, 1, self.mode]) + self.nonce_p + self.salt + self.iterations.to_bytes(4, "big") + more

    def run_resume(self):
        self.say(
            "viewer", bytes([1, 1, RESUME]) + self.nonce_v + self.secrets["resume_id"] + p.x25519_public(self.secret_v)
        )
        self.say("program", self.ack(p.x25519_public(self.secret_p)))
        self.ikm = self.secrets["psk"] + p.x25519(self.secret_v, p.x25519_public(self.secret_p))

    def run_cpace(self):
        prs = self.secrets["prs"]
        g = p.cpace_generator(prs, CI, self.ctx)
        y_v, y_p = (int.from_bytes(s, "little") for s in (self.secret_v, self.secret_p))
        ya, yb = p.cpace_message(g, y_v), p.cpace_message(g, y_p)
        self.say("viewer", bytes([1, 1, self.mode]) + self.nonce_v)
        self.say("program", self.ack())
        self.say("viewer", b"\x03" + ya)
        self.say("program", b"\x04" + yb)
        self.ikm = p.cpace_isk(self.ctx, y_v, yb, ya, b"viewer", yb, b"program")
        assert self.ikm == p.cpace_isk(self.ctx, y_p, ya, ya, b"viewer", yb, b"program")

    def finish(self):
        self.prk = p.mac(self.ctx, self.ikm)
        self.transcript = p.sha256(*[m for _, m in self.messages])
        self.say("viewer", b"\x05" + p.mac(p.expand(self.prk, "tag viewer"), self.transcript))
        self.say("program", b"\x06" + p.mac(p.expand(self.prk, "tag program"), self.transcript))

    @property
    def keys(self):
        return {
            "viewer": p.expand(self.prk, "key viewer").hex(),
            "program": p.expand(self.prk, "key program").hex(),
            "psk": p.expand(self.prk, "resume psk").hex(),
            "resume_id": p.expand(self.prk, "resume id")[:16].hex(),
        }

    def view(self):
        given = {k: v.hex() if isinstance(v, bytes) else v for k, v in self.secrets.items()}
        return {
            "name": self.name,
            "mode": self.mode,
            **given,
            "viewer": {"nonce": self.nonce_v.hex(), "secret": self.secret_v.hex()},
            "program": {"nonce": self.nonce_p.hex(), "secret": self.secret_p.hex()},
            "ctx": self.ctx.hex(),
            "ikm": self.ikm.hex(),
            "prk": self.prk.hex(),
            "transcript": self.transcript.hex(),
            "messages": [{"from": who, "hex": m.hex()} for who, m in self.messages],
            "keys": self.keys,
        }


def refusal(reason, retry_ms=0):
    return b"\x07" + retry_ms.to_bytes(4, "big") + reason


def changed(message, at, value):
    return message[:at] + value + message[at + len(value) :]


def hostile_viewer_input(pair, connect, resume):
    """What a viewer must not go on with: (exchange, which of its messages is replaced, name, bytes)."""
    ack, b, tag = pair.messages[1][1], pair.messages[3][1], pair.messages[5][1]
    yield pair, 1, "an acknowledgement of version 2", changed(ack, 1, b"\x02")
    yield pair, 1, "an acknowledgement of another mode", changed(ack, 2, b"\x02")
    yield pair, 1, "an acknowledgement that is too short", ack[:-1]
    yield pair, 1, "an acknowledgement that is too long", ack + b"\0"
    yield pair, 1, "a tag instead of an acknowledgement", tag
    yield pair, 1, "a record before the keys", b"\x10" + bytes(17)
    yield pair, 1, "an empty message", b""
    yield pair, 1, "a message of 20000 bytes", b"\x02" + bytes(19999)
    yield pair, 3, "the neutral element", b"\x04" + bytes(32)
    yield pair, 3, "no point of the group", b"\x04" + b"\xff" * 32
    yield pair, 3, "a point that is cut off", b[:-1]
    yield pair, 5, "another tag", changed(tag, 32, bytes([tag[32] ^ 1]))
    yield pair, 5, "its own tag sent back", b"\x06" + pair.messages[4][1][1:]
    yield pair, 5, "a tag with a byte more", tag + b"\0"
    yield pair, 1, "a refusal without its delay", b"\x07\0\0\0"
    yield pair, 1, "a refusal with a reason of 65 bytes", refusal(b"a" * 65)
    yield pair, 1, "a refusal with a reason that is no code", refusal(b"</p>")
    cack = connect.messages[1][1]
    yield connect, 1, "99,999 iterations", changed(cack, 35, (99999).to_bytes(4, "big"))
    yield connect, 1, "10,000,001 iterations", changed(cack, 35, (10000001).to_bytes(4, "big"))
    yield resume, 1, "a public key of low order", resume.messages[1][1][:39] + bytes(32)
    yield resume, 1, "no public key", resume.messages[1][1][:39]


def hostile_program_input(pair, resume):
    hello, tag = pair.messages[0][1], pair.messages[4][1]
    yield pair, 0, "a hello of version 0", changed(hello, 1, b"\x00")
    yield pair, 0, "mode 0", changed(hello, 2, b"\x00")
    yield pair, 0, "mode 4", changed(hello, 2, b"\x04")
    yield pair, 0, "a short hello", hello[:-1]
    yield pair, 0, "a hello that is too long", hello + b"\0"
    yield pair, 0, "a hello of a resume without the rest", changed(hello, 2, b"\x03")
    yield pair, 0, "a tag first", tag
    yield pair, 0, "a record first", b"\x10" + bytes(17)
    yield pair, 0, "a refusal from the viewer", refusal(b"code_invalid")
    yield pair, 0, "an empty message", b""
    yield pair, 2, "the neutral element", b"\x03" + bytes(32)
    yield pair, 2, "no point of the group", b"\x03" + b"\xff" * 32
    yield pair, 2, "a tag before CPace", tag
    yield pair, 4, "a tag that is cut off", tag[:-1]
    yield pair, 4, "CPace a second time", pair.messages[2][1]
    yield resume, 0, "a public key of low order", resume.messages[0][1][:35] + bytes(32)


def handshake(sample, identifier):
    session, conn, claims = (
        identifier(7, "handshake session"),
        identifier(7, "handshake conn"),
        p.b64u(b'{"v":1,"mode":"pair"}'),
    )
    digits, password, salt, iterations = "12345670", "Grüße-aus-Köln 42", sample("salt", 16), 100000
    same = (sample, session, conn, claims)
    pair = Exchange("pair", PAIR, *same, digits=digits, prs=digits.encode())
    connect = Exchange(
        "connect",
        CONNECT,
        *same,
        password=password,
        salt=salt,
        iterations=iterations,
        prs=p.pbkdf2(password, salt, iterations),
    )
    keys = {k: bytes.fromhex(v) for k, v in connect.keys.items()}
    resume = Exchange("resume", RESUME, *same, psk=keys["psk"], resume_id=keys["resume_id"])
    wrong = changed(pair.messages[4][1], 1, bytes([pair.messages[4][1][1] ^ 1]))
    judged = [
        {
            "exchange": e.name,
            "hex": changed(e.messages[-2][1], 1, bytes([e.messages[-2][1][1] ^ 1])).hex(),
            "reason": reason,
        }
        for e, reason in ((pair, "code_invalid"), (connect, "password_wrong"), (resume, "ticket_invalid"))
    ]
    assert judged[0]["hex"] == wrong.hex()
    return {
        "about": "channel.md section 3 with fixed randomness: secret is the CPace scalar (modes 1, 2) or the X25519 secret (mode 3); prs is the 8 digits or the PBKDF2 value. "
        "hostile: `hex` comes instead of message `at` and ends the handshake at `receiver`; wrong_tags: the program answers a wrong tag_v with this reason; refusals: what a viewer is told",
        "session": session,
        "conn_id": conn,
        "claims": claims,
        "exchanges": [e.view() for e in (pair, connect, resume)],
        "hostile": [
            {"receiver": who, "exchange": e.name, "at": at, "name": name, "hex": shorten(m)}
            for who, group in (
                ("viewer", hostile_viewer_input(pair, connect, resume)),
                ("program", hostile_program_input(pair, resume)),
            )
            for e, at, name, m in group
        ],
        "wrong_tags": judged,
        "refusals": [
            {"hex": refusal(r, ms).hex(), "reason": r.decode(), "retry_ms": ms}
            for r, ms in (
                (b"code_invalid", 0),
                (b"password_wrong", 300000),
                (b"attempts_exhausted", 4294967295),
                (b"", 0),
                (b"a" * 64, 1),
            )
        ],
    }
