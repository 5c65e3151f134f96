"""Many tenants at once: companies, technicians and API keys written as the directory has them (proto/OWNERS.md), which
command by command would take minutes; open invitations made by the real create.lua. Everything has the plan's own limits."""

import hashlib
import json
import secrets
import sys
import time
from pathlib import Path

import redis

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "proto"))

import generate  # noqa: E402

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
BUCKETS, PIPELINED = 64, 2000
PLAN_PARTS = ("adhoc", "limit_technician", "limit_company")


def crockford(data):
    number = int.from_bytes(data, "big") << (-len(data) * 8 % 5)
    size = -(-len(data) * 8 // 5)
    return "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(size)))


def new_id(bucket):
    return crockford(bytes([bucket]) + secrets.token_bytes(15))


def new_key(bucket):
    return "bk_" + crockford(bytes([bucket]) + secrets.token_bytes(31))


def tag(bucket):
    return f"{{s{bucket:02d}}}"


def connect(stack):
    return redis.Redis(port=int(stack.redis_url.rsplit(":", 1)[1].split("/")[0]), decode_responses=True)


class Sender:
    """Commands in pipelines of a sensible size; replies() those of the last flush."""

    def __init__(self, server):
        self.pipe, self.waiting, self.replies = server.pipeline(transaction=False), 0, []

    def __call__(self, *command):
        self.pipe.execute_command(*command)
        self.waiting += 1
        if self.waiting == PIPELINED:
            self.flush()

    def flush(self):
        self.replies += self.pipe.execute()
        self.waiting = 0


def fields(mapping):
    return [part for item in mapping.items() for part in item]


class Tenants:
    """people: [(bucket, company, technician)], neighbours in different companies and buckets; keys: one of each, in
    that order."""

    def __init__(self, stack, companies, technicians, with_keys=True):
        self.server = connect(stack)
        now, send = str(int(time.time() * 1000)), Sender(self.server)
        firms = [(i % BUCKETS, new_id(i % BUCKETS)) for i in range(companies)]
        for bucket, cid in firms:
            send("HSET", f"{tag(bucket)}:company:{cid}", *fields(
                {"name": "Muster GmbH", "contact": "+49 30 123456", "plan": "premier", "modules": "", "suspended": "0",
                 "seats": str(2 * technicians), "created_at": now, "version": "1"}))
        self.people = [(bucket, cid, new_id(bucket)) for _ in range(technicians) for bucket, cid in firms]
        self.keys = [new_key(bucket) for bucket, _, _ in self.people] if with_keys else []
        for bucket, cid, tid in self.people:
            send("HSET", f"{tag(bucket)}:technician:{tid}", *fields(
                {"company": cid, "name": "Tina Muster", "email": f"{tid}@example.com", "role": "technician",
                 "permissions": "adhoc_support,full_remote_control", "disabled": "0", "created_at": now, "version": "1"}))
        for key, (bucket, cid, tid) in zip(self.keys, self.people):
            digest = hashlib.sha256(key.encode()).hexdigest()
            send("HSET", f"{tag(bucket)}:key:{digest}", *fields(
                {"id": new_id(bucket), "name": "bench", "company": cid, "technician": tid, "scopes": "sessions",
                 "created_at": now, "expires_at": "0", "version": "1"}))
        send.flush()

    def write_keys(self, path):
        path.write_text("".join(key + "\n" for key in self.keys))
        return path

    def invite(self, lives_ms):
        """One open invitation for each person; lives_ms(i): how long it lives from now on. Returns the sessions' Redis keys."""
        plans = generate.load_plans()["plans"]
        table = json.dumps({name: {part: plan[part] for part in PLAN_PARTS} for name, plan in plans.items()})
        sha = self.server.script_load(generate.lua_scripts()["create"])
        send, records = Sender(self.server), []
        for i, (bucket, cid, tid) in enumerate(self.people):
            sid = new_id(bucket)
            command = {"id": new_id(bucket), "type": "session.create", "bucket": bucket, "session": sid, "company": cid,
                       "actor": {"type": "technician", "id": tid}, "deadline": int(time.time() * 1000) + 600000,
                       "args": {"send_email": False, "technician": tid, "idempotency": secrets.token_hex(32),
                                "digest": secrets.token_hex(32), "session_ms": 86400000, "removal_ms": 86400000,
                                "invitation_ms": lives_ms(i)}}
            records.append(f"{tag(bucket)}:session:{sid}")
            send("EVALSHA", sha, 1, records[-1], json.dumps(command), secrets.token_hex(8), "k1", table)
        send.flush()
        refused = [reply for reply in send.replies if reply != "created"]
        assert not refused, refused[:3]
        return records
