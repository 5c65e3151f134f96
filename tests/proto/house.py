"""A company with technicians in a bucket of its own, and everything that can happen to its sessions: each through the
real script, with its event checked against the schema and the keys it touched against OWNERS.md."""

import hashlib
import json
import re
import secrets
from pathlib import Path

import generate
import jsonschema

ROOT = Path(__file__).resolve().parents[2]
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
HOUR, DAY = 3600 * 1000, 24 * 3600 * 1000
SESSION_MS, INVITATION_MS, REMOVAL_MS = 12 * HOUR, 6 * HOUR, DAY
SCRIPTS = generate.lua_scripts()
# The plan table as licensing and the gateway hand it to the scripts.
PLAN_TABLE = {
    name: {part: plan[part] for part in ("adhoc", "limit_technician", "limit_company")}
    for name, plan in generate.load_plans()["plans"].items()
}
PLANS = json.dumps(PLAN_TABLE)
ADDRESS = "192.0.2.7"
# Every one of these is a version of its own.
COUNTED = (
    "session.created",
    "session.reinvited",
    "session.activated",
    "session.reported",
    "session.handed_over",
    "session.ended",
    "session.mail",
    "session.removal",
    "invitation.attempt",
)


def crockford(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def new_id(bucket):
    return crockford(bytes([bucket]) + secrets.token_bytes(15))


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def schema(name):
    return json.loads((ROOT / "proto" / "events" / f"{name}.json").read_text())


def validator(name):
    """Strict about the schema itself, and with the journal's definitions at hand."""
    wanted, journal = schema(name), schema("journal")
    jsonschema.Draft202012Validator.check_schema(wanted)
    resolver = jsonschema.RefResolver.from_schema(wanted, store={journal["$id"]: journal})
    return jsonschema.Draft202012Validator(wanted, resolver=resolver)


JOURNAL, COMMAND, HEADERS, DIRECTORY = (validator(name) for name in ("journal", "command", "headers", "directory"))
# What is journaled and is no news: no open event stream hears of it.
UNTOLD = ("session.refused", "session.journaled", "computer.journaled", "audit.journaled")


def owned_keys():
    """[(pattern of a key without its bucket, names that may write it)] of OWNERS.md; "transitions" are its scripts."""
    text = (ROOT / "proto" / "OWNERS.md").read_text(encoding="utf-8")
    rows, writers = [], []
    transitions = [
        name for name in re.findall(r"^\| `([a-z_]+)\.lua` \| .* \| .* \|$", text, re.M) if name != "presence"
    ]
    for key, written in re.findall(r"^\| `\{sNN\}:([^`]+)` \| [^|]* \| [^|]* \| ([^|]*) \|", text, re.M):
        names = re.findall(r"[A-Za-z_-]+", written.replace("the same", " ".join(writers)))
        writers = names
        pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^:]+", re.escape(key)))
        rows.append((pattern, set(names) | (set(transitions) if "transitions" in names else set())))
    return rows


OWNED = owned_keys()


class House:
    _buckets = 0

    def __init__(self, client, limit_company=5, limit_technician=1, seats=20):
        self.redis, self.raw = client, client.raw
        House._buckets += 1
        self.bucket = House._buckets % 64
        client.flushdb()
        self.tag = f"{{s{self.bucket:02d}}}"
        self.company = new_id(self.bucket)
        client.hset(
            self.key("company", self.company),
            mapping={
                "name": "Muster GmbH",
                "contact": "+49 30 1",
                "plan": "plus",
                "seats": seats,
                "limit_company": limit_company,
                "limit_technician": limit_technician,
            },
        )
        self.technician = self.new_technician()
        self.events = []
        self.versions = {}
        self.last_time = 0

    def key(self, *parts):
        return ":".join((self.tag, *parts))

    def new_technician(self, **fields):
        tid = new_id(self.bucket)
        self.redis.hset(
            self.key("technician", tid),
            mapping={"company": self.company, "name": "Tina", "permissions": "adhoc_support", **fields},
        )
        return tid

    def actor(self, technician=None):
        return {"type": "technician", "id": technician or self.technician, "name": "Tina", "address": ADDRESS}

    def record(self, sid):
        return self.redis.hgetall(self.key("session", sid))

    def pass_time(self, ms):
        """The bucket's clock is the higher of Redis' time and its mark, so a higher mark is later time."""
        self.redis.set(self.key("clock"), self.now() + ms)

    def now(self):
        seconds, micros = self.redis.time()
        return max(seconds * 1000 + micros // 1000, int(self.redis.get(self.key("clock")) or 0))

    # ---- running a script ----

    def snapshot(self):
        """{key: its serialized value} of all there is."""
        keys = sorted(self.raw.scan_iter("*", count=10000))
        pipe = self.raw.pipeline(transaction=False)
        for key in keys:
            pipe.dump(key)
        return dict(zip((key.decode() for key in keys), pipe.execute()))

    def run(self, script, sid, *arguments):
        """(the script's answer, the events it journaled) of a script whose key is a session's record."""
        return self.run_at(script, self.key("session", sid), *arguments)

    def run_at(self, script, key, *arguments):
        """The same of any script. What it wrote is checked against OWNERS.md, what it told against what it journaled."""
        before, outbox, feed = self.snapshot(), self.key("outbox"), self.key("feed", self.company)
        known, heard = self.newest(outbox), self.newest(feed)
        answer = self.redis.eval(SCRIPTS[script], 1, key, *map(str, arguments))
        self.check_owners(script, before, self.snapshot())
        events = [json.loads(fields["e"]) for _, fields in self.redis.xrange(outbox, "(" + known)]
        for event in events:
            self.check_event(event)
        told = [(fields["t"], fields["s"]) for _, fields in self.redis.xrange(feed, "(" + heard)]
        if script not in ("presence", "viewing", "feed_open"):
            assert told == [(e["type"], e.get("session", "")) for e in events if e["type"] not in UNTOLD]
        self.events += events
        return answer, events

    def newest(self, stream):
        last = self.redis.xrevrange(stream, count=1)
        return last[0][0] if last else "0-0"

    def check_owners(self, script, before, after):
        for key in set(before) | set(after):
            if before.get(key) == after.get(key):
                continue
            assert key.startswith(self.tag + ":"), f"{script} wrote {key} of another bucket"
            name = key.removeprefix(self.tag + ":")
            owners = [names for pattern, names in OWNED if pattern.fullmatch(name)]
            assert owners, f"{script} wrote {name}, which OWNERS.md does not know"
            assert any(
                {script, "every"} & names for names in owners
            ), f"{script} wrote {name}, which belongs to {owners}"

    def check_event(self, event):
        sealed = event.get("sealed")
        if event["type"] == "directory.changed":
            DIRECTORY.validate(event)
        JOURNAL.validate({name: value for name, value in event.items() if not sealed or name != "sealed"})
        assert event["bucket"] == self.bucket
        assert event["time"] >= self.last_time, "time went back"
        self.last_time = event["time"]
        if event["type"].startswith(("session.", "invitation.")):
            self.check_session_event(event)

    def check_session_event(self, event):
        sid, version = event["session"], event["version"]
        stored = self.record(sid)
        if event["type"] == "session.reported" and event.get("refused") and version == self.versions[sid]:
            # A refusal at the PC that only is told: the record has counted it, and nothing else of it changed.
            assert event["record"] == stored
        elif event["type"] in COUNTED:
            assert (
                version == self.versions.get(sid, 0) + 1
            ), f"{event['type']}: version {version} after {self.versions.get(sid, 0)}"
            self.versions[sid] = version
            assert event["record"] == stored, "the event is not the whole record"
        else:
            assert version == self.versions.get(sid, 0), f"{event['type']} moved the version"

    # ---- commands ----

    def command(self, kind, sid, key, technician, late=False, **args):
        command = {
            "id": new_id(self.bucket),
            "type": kind,
            "bucket": self.bucket,
            "session": sid,
            "company": self.company,
            "actor": self.actor(technician),
            "deadline": self.now() + (-1 if late else 10000),
            "args": {"technician": technician, "idempotency": digest(key), "digest": digest("what was asked"), **args},
        }
        COMMAND.validate(command)
        return json.dumps(command)

    def create(self, sid=None, key=None, technician=None, late=False, send_email=True, **args):
        sid, technician = sid or new_id(self.bucket), technician or self.technician
        text = self.command(
            "session.create",
            sid,
            key or secrets.token_hex(8),
            technician,
            late,
            send_email=send_email,
            session_ms=SESSION_MS,
            invitation_ms=INVITATION_MS,
            removal_ms=REMOVAL_MS,
            **({"customer_email": "kim@example.com"} if send_email else {}),
            **args,
        )
        return (sid, *self.run("create", sid, text, secrets.token_hex(8).upper(), "k1", PLANS))

    def reinvite(self, sid, technician=None, key=None, administrator=False):
        text = self.command(
            "session.reinvite",
            sid,
            key or secrets.token_hex(8),
            technician or self.technician,
            session=sid,
            administrator=administrator,
        )
        generation = int(self.record(sid).get("generation", 0)) + 1
        return self.run("reinvite", sid, text, secrets.token_hex(8).upper(), generation, "k1")

    def activate(self, sid, verdict="right", key=None, generation=None, judged=None):
        record = self.record(sid)
        generation = generation or record.get("generation", "1")
        judged = judged or f"{record.get('kid', 'k1')}:{record.get('generation', '1')}"
        machine = json.dumps({"name": "PC", "os": "Windows 11", "version": "10.0.22631", "arch": "x64"})
        return self.run(
            "activate",
            sid,
            generation,
            verdict,
            judged,
            digest(key or secrets.token_hex(8)),
            machine,
            "A" * 43,
            digest("agent token"),
            ADDRESS,
        )

    def report(self, sid, checks=None, paired=False, kind="checks", reason="", detail=""):
        return self.run("report", sid, json.dumps(checks or {}), "1" if paired else "0", reason, detail, kind, ADDRESS)

    def hand_over(self, sid, technician):
        """The answer is the outcome's whole object."""
        administrator = json.dumps(self.actor(self.new_technician(role="administrator")))
        answer, events = self.run("handover", sid, technician, administrator, new_id(self.bucket), PLANS)
        return json.loads(answer), events

    def computer(self, verb, **wish):
        command = {"verb": verb, "company": self.company, "actor": self.actor(), "command_id": new_id(self.bucket), **wish}
        answer, events = self.run_at("computer", self.key("company", self.company), json.dumps(command))
        return json.loads(answer), events

    def add_computers(self, *names, group="Office"):
        """(answer, events, ids of what was asked for)."""
        items = [
            {"id": new_id(self.bucket), "name": name, "group": group, "note": "", "line": i + 2}
            for i, name in enumerate(names)
        ]
        return (*self.computer("add", items=items), [item["id"] for item in items])

    def note(self, kind, details, sid=None, actor=None):
        note = {"type": kind, "company": self.company, "actor": actor or self.actor(), "details": details}
        text = json.dumps({**note, **({"session": sid} if sid else {})})
        return self.run_at("note", self.key("company", self.company), text)

    def end(self, sid, reason="ended_by_technician", expiry=False, actor=None, sees=()):
        """sees: company and technician ("" of an administrator) of somebody who may end only what they see."""
        actor = actor or ({"type": "service", "id": "licensing"} if expiry else self.actor())
        return self.run(
            "end",
            sid,
            "session_expired" if expiry else reason,
            json.dumps(actor),
            "" if not expiry else "due-1",
            "1" if expiry else "0",
            *sees,
        )

    def mail(self, sid, outcome, generation=None):
        return self.run("mail", sid, generation or self.record(sid).get("generation", "1"), outcome, 30000)

    def removal(self, sid, outcome):
        arguments = ("", ADDRESS) if outcome == "removed" else ("due-1",)
        return self.run("removal", sid, outcome, *arguments)

    # ---- what must hold at any time (DESIGN 2) ----

    def check_invariants(self):
        held = {kind: {} for kind in ("company", "technician")}
        for key in self.redis.scan_iter(self.key("leases", "*"), count=1000):
            kind, owner = key.split(":")[2:4]
            held[kind][owner] = dict(self.redis.zrange(key, 0, -1, withscores=True))
        limits = self.redis.hgetall(self.key("company", self.company))
        taken = len(held["company"].get(self.company, ())) + self.redis.zcard(self.key("computers", self.company))
        assert taken <= int(limits["seats"]), "more seats are taken than there are"
        assert len(held["company"].get(self.company, ())) <= int(limits["limit_company"])
        assert all(len(mine) <= int(limits["limit_technician"]) for mine in held["technician"].values())
        due = dict(self.redis.zrange(self.key("due"), 0, -1, withscores=True))
        pipe = self.redis.pipeline(transaction=False)
        for key in self.redis.scan_iter(self.key("session", "*"), count=1000):
            pipe.hgetall(key)
        for record in pipe.execute():
            sid, is_open = record["id"], record["state"] in ("invited", "active")
            for kind in held:
                end = held[kind].get(record[kind], {}).pop(sid, None)
                assert (end is not None) == is_open, f"{kind}'s lease of a session that is {record['state']}"
                if is_open:
                    limit = record["expires_at"] if record["state"] == "active" else record["invitation_expires_at"]
                    assert end == float(limit)
            assert (due.pop(f"expire:{sid}", None) is not None) == is_open
            assert (due.pop(f"removal:{sid}", None) is not None) == (record["removal"] == "pending")
            assert (due.pop(f"mail:{sid}", None) is not None) == (
                record["state"] == "invited" and record["mail_state"] in ("queued", "mail_delayed")
            )
            assert int(record["attempts"]) <= 5
        assert not due, f"due without a session: {due}"
        assert not any(left for kind in held.values() for left in kind.values()), f"leases without a session: {held}"
