#!/usr/bin/python3
"""Makes the golden vectors of proto/vectors from proto/channel.md, with nothing of the programs they check.

    make.py            writes the .json files beside it
    make.py --check    exit 1 when a committed file is not what it makes

Randomness is fixed, so that each run gives the same bytes. In the hexadecimal texts blanks mean nothing and XX*n stands
for n times the byte XX. C (tests/unit) and the console's TypeScript (services/console/test) replay the files.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import channel_cases  # noqa: E402
import primitives as p  # noqa: E402
import socket_cases  # noqa: E402

HERE = Path(__file__).resolve().parent
KEYS = {"k2": p.sha256(b"vector key 2"), "k1": p.sha256(b"vector key 1")}
SEVEN = ["5720000", "0000000", "9999999", "1234567", "4081632", "0000001", "8675309"]


def sample(name, size):
    """Fixed bytes for a name."""
    out = b""
    while len(out) < size:
        out += p.sha256(name.encode(), len(out).to_bytes(2, "big"))
    return out[:size]


def identifier(bucket, name, size=16):
    return p.crockford(bytes([bucket]) + sample(name, size - 1))


# ---- identifiers, tokens ----


def typed_forms(text):
    groups = [text[:6], text[6:12], text[12:]]
    return [
        "-".join(groups),
        " ".join(groups).lower(),
        "  ".join(text),
        "-".join(text) + "--",
        text.replace("0", "O").replace("1", "L"),
        text.replace("0", "o").replace("1", "i").lower(),
    ]


def refused_forms(text):
    other = "7" if text[3] != "7" else "8"
    return [
        "",
        text[:-1],
        text + "0",
        text[:3] + other + text[4:],
        text[:-1] + ("0" if text[-1] != "0" else "2"),
        text[:5] + "U" + text[6:],
        text[:5] + "*" + text[6:],
        text[:5] + "\u00e9" + text[6:],
        text[:2] + text[3] + text[2] + text[4:] if text[2] != text[3] else text[1:] + text[0],
    ]


def misleading():
    """A token and a session id before which a look at every place would find another token: 'ort-' and the first 14
    characters (o is 0), the session id's first 18."""

    def fits(text):
        value = "".join(f"{p.CROCKFORD.index(c):05b}" for c in text[:16])
        return int(value, 2) % 1021 == p.CROCKFORD.index(text[16]) << 5 | p.CROCKFORD.index(text[17])

    token = next(
        t for i in range(100000) if fits("0rt" + (t := p.link_token(bytes([9]) + sample(f"m{i}", 9))).lower()[:15])
    )
    session = next(s for i in range(100000) if fits((s := identifier(9, f"s{i}"))[:18]))
    return token, session


def link_tokens():
    tokens = [bytes([b]) + sample(f"token {b}", 9) for b in (0, 7, 63)] + [bytes(10), bytes([63]) + b"\xff" * 9]
    read, found = [], []
    for data in tokens[:3]:
        text = p.link_token(data)
        read += [{"typed": t, "text": text} for t in typed_forms(text)]
        read += [{"typed": t, "text": None} for t in refused_forms(text)]
    read.append({"typed": p.link_token(bytes([64]) + bytes(9)), "text": None})
    text = p.link_token(tokens[1])
    dashed = f"{text[:6]}-{text[6:12]}-{text[12:]}"
    session = identifier(7, "found")
    for around in [
        "Support-{}.exe",
        "Support-{} (1).exe",
        "support-{}(2).EXE",
        "Support-{} - Copy.exe",
        "{}",
        "C:\\Users\\o\\Downloads\\Support-{}.exe",
        f"https://support.example/i/{session}#{{}}",
        "Support{}.exe",
        "x{}x",
    ]:
        found.append({"in": around.format(dashed), "text": text})
    found += [{"in": f"Support-{text}.exe", "text": text}, {"in": f"Support-{text.lower()}_1.exe", "text": text}]
    token, session = misleading()
    found += [
        {"in": f"Support-{token[:6]}-{token[6:12]}-{token[12:]}.exe", "text": token},
        {"in": f"https://support.example/i/{session}#{token}", "text": token},
    ]
    found += [
        {"in": name, "text": None}
        for name in [
            "",
            "Support.exe",
            f"Support-{dashed[:-1]}.exe",
            f"Support-{dashed[:-1]}{'0' if text[-1] != '0' else '2'}.exe",
            "-" * 300,
        ]
    ]
    return {
        "tokens": [
            {
                "hex": t.hex(),
                "text": p.link_token(t),
                "typed": f"{p.link_token(t)[:6]}-{p.link_token(t)[6:12]}-{p.link_token(t)[12:]}",
                "bucket": t[0],
            }
            for t in tokens
        ],
        "read": read,
        "found": found,
    }


def identifiers():
    samples = [
        b"",
        b"\x00",
        b"\xff",
        b"\x00\x44\x32\x14\xc7",
        sample("a", 10),
        bytes(16),
        b"\xff" * 16,
        sample("b", 16),
        sample("c", 32),
    ]
    good = identifier(5, "id")
    refused = [
        (16, t)
        for t in (
            good[:-1],
            good + "0",
            good.upper(),
            good[:-1] + "1",
            good[:4] + "u" + good[5:],
            good[:4] + "o" + good[5:],
            good[:4] + "-" + good[5:],
            "",
        )
    ]
    ids = [{"text": identifier(b, f"id {b}"), "bucket": b} for b in (0, 1, 42, 63)]
    ids += [{"text": identifier(b, f"id {b}"), "bucket": -1} for b in (64, 128, 255)] + [{"text": "", "bucket": -1}]
    secrets = [{"text": identifier(b, f"secret {b}", 32), "bucket": b if b < 64 else -1} for b in (0, 42, 63, 64)]
    secrets += [{"text": identifier(3, "x"), "bucket": -1}]
    return {
        "about": "channel.md section 1: base32, ids (16 bytes), secrets (32 bytes), link tokens as shown, typed and found in file names and links",
        "base32": [{"hex": s.hex(), "text": p.crockford(s)} for s in samples],
        "base32_refused": [{"bytes": n, "text": t} for n, t in refused],
        "ids": ids,
        "secrets": secrets,
        "link_tokens": link_tokens(),
    }


def codes():
    digits = [{"digits": s, "check": p.damm_digit(s)} for s in ["572", *SEVEN]]
    valid = [s + p.damm_digit(s) for s in SEVEN]
    first = valid[3]
    other = str((int(first[2]) + 1) % 10)
    swapped = first[:1] + first[2] + first[1] + first[3:]
    typed = [
        {"typed": t, "last_eight": first}
        for t in (
            f"0042{first}",
            f"0042 {first[:4]} {first[4:]}",
            f"0042-{first[:4]}-{first[4:]}",
            first,
            f" {first[:4]}-{first[4:]} ",
        )
    ]
    typed += [
        {"typed": t, "last_eight": None}
        for t in (
            "",
            "0042",
            first[:-1],
            f"42{first}",
            f"0042{first[:2]}{other}{first[3:]}",
            f"0042{swapped}",
            f"0042{first}0",
            "0042" + first[:7] + "x",
            "\uff10" * 12,
        )
    ]
    return {
        "about": "channel.md section 1: the security code's check digit (Damm) and what people type; every wrong digit and every swap of unequal neighbours is found",
        "check_digits": digits,
        "valid": valid,
        "refused": [first[:2] + other + first[3:], swapped, "1", "", "1234567a"],
        "typed": typed,
    }


def derived():
    cases = []
    for kid, bucket, generation, key in (
        ("k1", 0, 1, "key-0001"),
        ("k2", 42, 1, "0123456789abcdef"),
        ("k2", 42, 2, "0123456789abcdef"),
        ("k1", 63, 4294967295, "x" * 200),
    ):
        sid = identifier(bucket, f"session {bucket}")

        def of(*parts, key=KEYS[kid]):
            return p.mac(key, b"\0".join(x.encode() for x in parts))

        code = int.from_bytes(of("code", sid, str(generation))[:4], "big") % 10000
        cases.append(
            {
                "kid": kid,
                "session": sid,
                "generation": generation,
                "idempotency_key": key,
                "link_token": p.link_token(bytes([bucket]) + of("link", sid, str(generation))[:9]),
                "code": f"{code:04d}",
                "agent_token": p.crockford(bytes([bucket]) + of("agent", sid, str(generation), key)[:31]),
            }
        )
    text = "".join(f"{kid}:{key.hex()}\n" for kid, key in KEYS.items())
    line = f"k:{'00' * 32}\n"
    return {
        "about": "channel.md section 1: what servers derive from a secret key instead of storing it. keys: the text of SECRET_KEYS_FILE",
        "keys": text,
        "current": "k2",
        "cases": cases,
        "refused": [
            {"kid": "k9", "session": cases[0]["session"]},
            {"kid": "", "session": cases[0]["session"]},
            {"kid": "k1", "session": "nobody"},
        ],
        "keys_refused": [
            "",
            "\n",
            "k1",
            "k1:00",
            f":{'00' * 32}\n",
            f"k:{'0g' * 32}\n",
            f"{'k' * 17}:{'00' * 32}\n",
            f"k:{'00' * 33}\n",
            line * 5,
        ],
    }


# ---- signatures ----


def offers():
    seeds = [sample("offer key 1", 32), sample("offer key 2", 32), sample("a stranger's key", 32)]
    session, conn = identifier(7, "offered"), identifier(7, "conn")
    claims = {
        "v": 1,
        "session": session,
        "conn_id": conn,
        "technician": identifier(7, "tech"),
        "technician_name": "Tina M\u00fcller",
        "company_name": 'Muster "Support" GmbH',
        "features": ["remote"],
        "view_only": False,
        "mode": "connect",
        "iat": 1750000000000,
        "exp": 1750000060000,
    }

    def case(name, changes=None, key=0, now=1750000030000, accepted=False, text=None, signature=None):
        body = (
            text
            if text is not None
            else json.dumps({**claims, **(changes or {})}, separators=(",", ":"), ensure_ascii=False)
        )
        encoded = p.b64u(body.encode())
        made = p.b64u(p.ed25519_sign(seeds[key], b"beistand offer v1\0" + encoded.encode()))
        return {
            "name": name,
            "claims_json": body,
            "claims": encoded,
            "signature": signature or made,
            "now": now,
            "accepted": accepted,
        }

    without = {k: v for k, v in claims.items() if k != "technician"}
    cases = [
        case("a fresh offer", accepted=True),
        case("signed by the older of two keys", key=1, accepted=True),
        case("one millisecond before its end", now=1750000059999, accepted=True),
        case("view only", {"view_only": True}, accepted=True),
        case("more features", {"features": ["chat", "remote"]}, accepted=True),
        case("without the feature", {"features": []}, accepted=True),
        case("expired", now=1750000060000),
        case("signed by a stranger", key=2),
        case("for another session", {"session": identifier(7, "other")}),
        case("for another connection", {"conn_id": identifier(7, "other")}),
        case("of another version", {"v": 2}),
        case("a number for a name", {"technician_name": 1}),
        case("exp as text", {"exp": "1750000060000"}),
        case("exp with a fraction", {"exp": 1750000060000.5}),
        case("view_only as text", {"view_only": "false"}),
        case("a missing member", text=json.dumps(without)),
        case("a member twice", text=json.dumps(claims)[:-1] + ', "session": "' + session + '"}'),
        case("no object", text="[]"),
        case("cut off", text=json.dumps(claims)[:-1]),
        case("a name that is too long", {"technician_name": "x" * 256}),
        case("no signature", signature="A"),
        case("another signature", signature="A" * 86),
    ]
    label = p.ed25519_sign(seeds[0], b"beistand receipt v1\0" + cases[0]["claims"].encode())
    cases.append({**cases[0], "name": "signed for another purpose", "signature": p.b64u(label), "accepted": False})
    return {
        "about": "channel.md section 2: claims the server signs and the program checks. keys: the public keys stamped into the program, seeds: theirs (RFC 8032)",
        "seeds": [s.hex() for s in seeds[:2]],
        "keys": [p.b64u(p.ed25519_public(s)) for s in seeds[:2]],
        "session": session,
        "conn_id": conn,
        "cases": cases,
    }


def receipts():
    seed, other = sample("receipt key", 32), sample("another receipt key", 32)
    session = identifier(11, "removed")
    fields = {"session": session, "ended_at": 1750000000000, "removed_at": 1750000004321, "left": []}

    def case(name, body, key=seed, label=b"beistand receipt v1\0", accepted=False):
        text = p.b64u(body.encode())
        return {
            "name": name,
            "json": body,
            "receipt": text,
            "signature": p.b64u(p.ed25519_sign(key, label + text.encode())),
            "accepted": accepted,
        }

    good = json.dumps(fields, separators=(",", ":"))
    cases = [
        case("all removed", good, accepted=True),
        case("something is left", json.dumps({**fields, "left": ["C:\\Windows\\Temp\\x"]}), accepted=True),
        case("signed by another program", good, key=other),
        case("signed for another purpose", good, label=b"beistand offer v1\0"),
        case("of another session", json.dumps({**fields, "session": identifier(11, "other")})),
        case("no JSON", "receipt"),
        case("no session", "{}"),
        case("empty", ""),
    ]
    return {
        "about": "channel.md section 5: the program's signed removal receipt. key: registered at activation, seed: its secret (RFC 8032)",
        "seed": seed.hex(),
        "key": p.b64u(p.ed25519_public(seed)),
        "session": session,
        "cases": cases,
    }


def texts():
    """Objects of the control lines, claims and the agent API: what both readers take and what neither does."""
    deep = '{"a":' * 8
    good = [
        "{}",
        ' {"a":1} ',
        '{"a":"x\\n\\u00fc\\ud83d\\ude00"}',
        '{"a":[1,-2.5e3,true,false,null,{"b":[]}]}',
        '{"\u00fc":"\u20ac"}',
        '{"a":0,"b":-0,"c":1E+2,"d":10}',
        '{"a":""}',
        deep[:35] + "1" + "}" * 7,
    ]
    bad = [
        "",
        " ",
        "[]",
        "1",
        '"a"',
        "null",
        "{",
        "}",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        "{,}",
        "{a:1}",
        "{'a':1}",
        '{"a":1}x',
        '{"a":1}{}',
        '{"a":01}',
        '{"a":+1}',
        '{"a":.5}',
        '{"a":1.}',
        '{"a":1e}',
        '{"a":1.2.3}',
        '{"a":--1}',
        '{"a":-}',
        '{"a":0x1}',
        '{"a":NaN}',
        '{"a":tru}',
        '{"a":True}',
        '{"a":"\n"}',
        '{"a":"\\x"}',
        '{"a":"\\u12"}',
        '{"a":"\\ud800"}',
        '{"a":"\\ud800\\u0041"}',
        '{"a":"\\udc00"}',
        '{"a":"\\u0000"}',
        '{"a":"',
        '{"a":"\\',
        '{"a":[1,]}',
        '{"a":[1 2]}',
        '{"a":1,"a":2}',
        '{"o":{"b":1,"b":2}}',
        '{"a":' * 17 + "1" + "}" * 17,
        '{"a":' + "[" * 5000,
    ]
    cases = [{"text": t, "valid": True} for t in good] + [{"text": t, "valid": False} for t in bad]
    broken = ["80", "c0af", "c3", "e282", "eda080", "f4908080", "ff", "00"]
    return {
        "about": 'RFC 8259 objects. Both readers, the program\'s and the services\', judge alike; hex: the string in {"a":"…"} that is no UTF-8',
        "cases": cases,
        "broken_utf8": broken,
    }


def cpace():
    text = (HERE / "cpace-draft.json").read_text(encoding="utf-8")
    return json.loads(text)


FILES = {
    "identifiers": identifiers,
    "codes": codes,
    "derived": derived,
    "offers": offers,
    "receipts": receipts,
    "json": texts,
    "websocket": socket_cases.websocket,
    "mux": socket_cases.mux,
    "records": lambda: channel_cases.records(sample),
    "handshake": lambda: channel_cases.handshake(sample, identifier),
}


def check_draft():
    """Our own arithmetic is right: it gives the draft's values."""
    v = {k: bytes.fromhex(x) for k, x in cpace()["vectors"].items()}
    ya, yb = (int.from_bytes(v[k], "little") for k in ("ya", "yb"))
    g = p.cpace_generator(v["PRS"], v["CI"], v["sid"])
    made = [
        p.encode(g),
        p.cpace_message(g, ya),
        p.cpace_message(g, yb),
        p.cpace_isk(v["sid"], ya, v["Yb"], v["Ya"], v["ADa"], v["Yb"], v["ADb"]),
    ]
    if made != [v["g"], v["Ya"], v["Yb"], v["ISK_IR"]]:
        raise SystemExit("make.py: CPace differs from the draft")


def main(arguments):
    check_draft()
    stale = []
    for name, make in FILES.items():
        path, text = HERE / f"{name}.json", json.dumps(make(), indent=1) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if arguments != ["--check"]:
            path.write_text(text, encoding="utf-8")
    if arguments == ["--check"] and stale:
        print(f"not what proto/vectors/make.py makes: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
