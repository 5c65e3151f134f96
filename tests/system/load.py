"""People who go on working while things break: technicians that create, send again and end, programs that activate,
report and prove their removal, viewers that use tickets, webhooks that are told. Each asks again as a good client does (the same
Idempotency-Key after no answer or a 5xx), remembers what it was told, and complains about what may not happen."""
import base64
import json
import random
import secrets
import threading
import time

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flows import Api, activate, journal, new_technician, read_redis, replica, wrong_code
from invariants import check_journal, check_state, outboxes_empty, sessions
from raw_ws import BINARY, RawSocket, frame, head
from stack import wait_until

ANSWER_S = 75
PAUSE_S = 0.1


class Load:
    """technicians workers, three to a company, and viewers more that keep a connection. expiring: which part of the
    sessions is left alone until it expires. receiver: of webhooks, one for each company. losses: Redis will lose its last
    writes; people put up with an end or an activation that is undone. errors: what broke a promise."""

    def __init__(self, stack, technicians=6, viewers=0, seed=None, expiring=0.1, receiver=None, losses=False):
        self.stack, self.stopping, self.expiring, self.receiver = stack, threading.Event(), expiring, receiver
        self.gone, self.losses, self.told_at, self.undone = GONE + (UNDONE if losses else ()), losses, {}, 0
        self.seed = seed or secrets.randbelow(1 << 32)
        self.acked, self.errors, self.keys, self.unanswered, self.removed = [], [], {}, 0, []
        self.used_tickets, self.lock = 0, threading.Lock()
        companies = [new_technician(stack) for _ in range(-(-technicians // 3))]
        apis = (companies + [new_technician(stack, companies[i % len(companies)].company)
                             for i in range(technicians - len(companies))])
        if receiver:
            [add_webhook(new_technician(stack, api.company, role="administrator"), receiver.url) for api in companies]
        workers = [Worker(self, api, random.Random(self.seed + i)) for i, api in enumerate(apis)]
        workers += [Dialler(self, new_technician(stack), random.Random(self.seed - 1 - i)) for i in range(viewers)]
        self.hooked = {api.company for api in companies} if receiver else set()
        self.companies = {w.api.company for w in workers}
        self.threads = [threading.Thread(target=w.run, daemon=True) for w in workers]
        self.apis = [w.api for w in workers]

    def start(self):
        [t.start() for t in self.threads]
        return self

    def stop(self):
        """Everybody finishes what they began."""
        self.stopping.set()
        [t.join(ANSWER_S + 60) for t in self.threads]
        assert not any(t.is_alive() for t in self.threads), f"somebody never got an answer; {self.errors[:3]}"
        assert not self.errors, f"seed {self.seed}: {self.errors[:5]}"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *error):
        self.stopping.set()
        if kind is None:
            self.stop()

    def tell(self, sid, state):
        with self.lock:
            self.told_at[sid, state] = time.monotonic()
            self.acked.append((sid, state))

    def forgive(self, since, until):
        """Ends and activations told between are not insisted on: they are told before Kafka has them."""
        with self.lock:
            late = {told for told, at in self.told_at.items() if since <= at <= until and told[1] != "invited"}
            self.acked = [told for told in self.acked if told not in late]
        return late

    def create(self, api, **options):
        """An invitation; whoever has a session still, because its end was undone, ends it first."""
        while True:
            status, body = self.ask("create", lambda: api.create(**{k: v() if callable(v) else v for k, v in options.items()}), (201,),
                                    ("technician_limit",) if self.losses else ())
            if status == 201:
                return body
            self.undone += 1
            self.ask("end what was ended", lambda: api.end(body["session"]), (202,), self.gone)  # noqa: B023

    def created(self):
        return sum(state == "invited" for _, state in self.acked)

    def ask(self, what, send, good, refused=()):
        """Repeats send() until it is answered with one of good, or refused for one of these reasons; then (status, body)."""
        deadline, last = time.monotonic() + ANSWER_S, None
        while time.monotonic() < deadline:
            status, body = last = send()
            if status in good:
                return last
            reason = body.get("reason") if isinstance(body, dict) else None
            if 400 <= status < 500:
                if reason in refused:
                    return last
                raise Broken(f"{what}: {status} {reason} {body}")
            self.unanswered += 1
            time.sleep(PAUSE_S)
        raise Broken(f"{what}: no answer within {ANSWER_S} s, last {last}")


class Broken(Exception):
    pass


def add_webhook(administrator, url):
    status, body = administrator.call("POST", "/v1/webhooks", {"url": url, "types": ["session.*"]})
    assert status == 201, body


def work(load, n=10, seconds=120):
    """Waits until n more sessions were created; sooner when a promise was broken, which load.stop() tells."""
    before = load.created()
    wait_until(lambda: load.errors or load.created() >= before + n, seconds, lambda: f"{load.created() - before} of {n} sessions")


class ReceiptKey:
    """What a program proves its removal with."""

    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        self.public = self.text(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def text(self, octets):
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    def receipt(self, sid):
        receipt = self.text(json.dumps({"session": sid, "removed_at": 1, "left": []}).encode())
        return {"receipt": receipt, "signature": self.text(self.key.sign(b"beistand receipt v1\0" + receipt.encode()))}


class Worker:
    """One technician with one customer after the other."""

    def __init__(self, load, api, rng):
        self.load, self.api, self.rng, self.stack = load, api, rng, load.stack

    def base(self):
        """Mostly through the edge, sometimes straight to a replica that may be dying."""
        names = self.stack.instances("gateway")
        return None if self.rng.random() < 0.7 else f"http://{self.stack.address(self.rng.choice(names))}"

    def run(self):
        try:
            while not self.load.stopping.wait(PAUSE_S):
                self.one_session()
        except Exception as e:  # noqa: BLE001: whatever it is, the test has to hear it
            self.load.errors.append(repr(e))

    def one_session(self):
        rng, key = self.rng, secrets.token_hex(8)
        mail = {"send_email": True, "customer_email": f"c-{key}@example.com"} if rng.random() < 0.4 else {}
        made = self.load.create(self.api, key=key, base=self.base, **mail)
        sid = made["id"]
        self.load.tell(sid, "invited")
        with self.load.lock:
            self.load.keys[self.api.company, key] = sid
        if rng.random() < 0.2:
            again = self.load.ask("the same create again", lambda: self.api.create(key, base=self.base(), **mail), (201,))[1]
            if again["id"] != sid:
                raise Broken(f"one key, two sessions: {sid} and {again['id']}")
        if rng.random() < 0.2:
            path, key2 = f"/v1/sessions/{sid}/invitations", secrets.token_hex(8)
            made = self.load.ask("send again", lambda: self.api.call("POST", path, Idempotency_Key=key2), (201,), self.load.gone)[1]
        fate = rng.random()
        if fate < self.load.expiring or made.get("status") == "ended":  # answered so late that its life was over
            self.wait_expired(sid)
        elif fate < self.load.expiring + 0.25 or "code_prefix" not in made:
            self.end(sid)
        else:
            self.activated(sid, made)

    def end(self, sid):
        self.load.ask("end", lambda: self.api.call("POST", f"/v1/sessions/{sid}/end", base=self.base()), (202,))
        self.load.tell(sid, "ended")

    def wait_expired(self, sid):
        """Nobody does anything: it ends by itself and frees its seat."""
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            status, body = self.api.call("GET", f"/v1/sessions/{sid}")
            if status == 200 and body["status"] == "ended":
                return
            time.sleep(PAUSE_S)
        raise Broken(f"{sid} did not expire")

    def activated(self, sid, made):
        key, own = secrets.token_hex(8), ReceiptKey()
        if self.rng.random() < 0.3:
            wrong = wrong_code(made["code_prefix"], self.rng.randrange(1, 9999))
            self.load.ask("wrong code", lambda: activate(self.stack, made, wrong, key + "-wrong"), (),
                          self.load.gone + ("code_invalid", "code_superseded"))
        status, active = self.load.ask("activation", lambda: activate(self.stack, made, key=key, receipt_key=own.public), (200,),
                                       self.load.gone)
        if status != 200:
            self.wait_expired(sid)
            return
        self.load.tell(sid, "active")
        agent, url = active["agent_token"], f"/agent/v1/sessions/{sid}"
        self.load.ask("paired", lambda: self.program("POST", url + "/reports", agent, {"event": "paired"}), (204,), self.load.gone)
        if self.rng.random() < 0.5:
            self.load.ask("customer's end", lambda: self.program("POST", url + "/reports", agent, {"event": "ended_by_customer"}),
                          (204,), UNDONE if self.load.losses else ())
            self.load.tell(sid, "ended")
        else:
            self.end(sid)
        if self.rng.random() < 0.7 and not self.load.losses:
            self.load.ask("receipt", lambda: self.program("POST", url + "/receipt", None, own.receipt(sid)), (204,))
            self.load.removed.append(sid)

    def program(self, method, path, agent, body=None):
        try:
            answer = requests.request(method, self.stack.origin + path, json=body, timeout=20, verify=self.api.ca,
                                      headers={"Authorization": f"Bearer {agent}"} if agent else {})
            return answer.status_code, answer.json() if answer.content else {}
        except requests.RequestException as e:
            return 0, {"detail": str(e)}


# A session whose short life is over meanwhile.
GONE = ("invitation_expired", "session_expired", "invitation_superseded", "wrong_state")
# A session that was put back to an earlier state.
UNDONE = ("unauthenticated", "already_activated", "not_found", "ended_by_technician", "ended_by_customer")


class Dialler:
    """A viewer and a program that meet at a relay again and again, each time with a fresh ticket, used twice."""

    def __init__(self, load, api, rng):
        self.load, self.api, self.rng, self.stack = load, api, rng, load.stack

    def run(self):
        try:
            while not self.load.stopping.is_set():
                self.one_session()
        except Exception as e:  # noqa: BLE001
            self.load.errors.append(repr(e))

    def one_session(self):
        key, key2 = secrets.token_hex(8), secrets.token_hex(8)
        made = self.load.create(self.api, key=key)
        with self.load.lock:
            self.load.keys[self.api.company, key] = made["id"]
        self.load.tell(made["id"], "invited")
        if made["status"] == "ended":
            return
        status, active = self.load.ask("activation", lambda: activate(self.stack, made, key=key2), (200,), self.load.gone)
        deadline = time.monotonic() + 5
        while status == 200 and time.monotonic() < deadline and not self.load.stopping.is_set():
            self.dial(made["id"], active["agent_token"])
        self.load.ask("end", lambda: self.api.end(made["id"]), (202,))
        self.load.tell(made["id"], "ended")

    def dial(self, sid, agent):
        """Sockets may break at any moment; what may not is a ticket that opens two."""
        open_sockets = []
        replicas = range(1, self.stack.replicas["relay"] + 1)
        control, relay = (replica(self.stack, "relay", self.rng.choice(replicas)) for _ in range(2))

        def dialled(path, protocols, relay=relay):
            open_sockets.append(RawSocket(relay, head(path, f"beistand.v1, {protocols}"), timeout=5))
            return open_sockets[-1]
        try:
            if dialled(f"/relay/control/{sid}", f"agent.{agent}", control).status != 101:
                time.sleep(PAUSE_S)
                return
            status, ticket = self.api.call("POST", f"/v1/sessions/{sid}/tickets", {"feature": "remote"})
            if status != 201:
                time.sleep(PAUSE_S)
                return
            path, credential = f"/relay/c/{ticket['conn_id']}", f"ticket.{ticket['ticket']}"
            viewer = dialled(path, credential)
            program = dialled(path, f"agent.{agent}, session.{sid}")
            if viewer.status == program.status == 101:
                viewer.send(frame(BINARY, b"ping"))
                if program.receive_until(BINARY) == (BINARY, b"ping"):
                    self.load.used_tickets += 1
            if viewer.status and dialled(path, credential).status == 101:
                self.load.errors.append("a ticket worked twice")
        except OSError:
            time.sleep(PAUSE_S)
        finally:
            [s.close() for s in open_sockets]


# ---- what must be true afterwards ----

def check_after(stack, load, complete=True):
    """Invariants of Redis and of the journal; nothing told is lost; one session per key; no seat is held by anybody."""
    r = read_redis(stack)
    expected = set(load.keys.values())
    assert len(expected) == len(load.keys), "two keys, one session"
    wait_until(lambda: all(record["state"] == "ended" for _, sid, record in sessions(r) if sid in expected), 30,
               lambda: "sessions that nobody ended: " + str([(sid, x["state"]) for _, sid, x in sessions(r) if x["state"] != "ended"]))
    wait_until(lambda: not removals_due(r), 30, lambda: f"nobody says unconfirmed: {removals_due(r)}")
    wait_until(lambda: outboxes_empty(r), 30, lambda: "an outbox is not drained")
    records = {sid: record for _, sid, record in sessions(r)}
    mine = {sid for sid, record in records.items() if record["company"] in load.companies}
    assert mine == expected, f"acked and lost: {expected - mine}; made without an answer: {mine - expected}"
    for sid, state in load.acked:
        assert state != "active" or "activated_at" in records[sid], f"{sid}: activation was told and lost"
        assert state != "ended" or records[sid]["state"] == "ended", f"{sid}: the end was told and lost"
    assert not [sid for sid in load.removed if records[sid]["removal"] != "removed"], "a receipt was told and lost"
    assert not [key for company in load.companies for key in r.scan_iter(f"*:leases:company:{company}")], "a leaked seat"
    check_state(r)
    check_journal(r, journal(stack), load.acked, complete)
    check_mails(stack, records)
    check_webhooks(load, records)
    return records


def removals_due(r):
    """Receipts whose last moment is near: what comes of them is still an event."""
    near = 1000 * (int(r.time()[0]) + 60)
    return [m for key in r.scan_iter("*:due", count=1000) for m in r.zrangebyscore(key, "-inf", near) if m.startswith("removal:")]


def check_mails(stack, records):
    """`sent` means that the mail is there; sent twice (killed in between) it has the same Message-ID."""
    seen = {}
    for path in stack.mailbox.glob("*.eml"):
        line = next(x for x in path.read_text(errors="replace").splitlines() if x.lower().startswith("message-id:"))
        seen[line.split("<")[1].split("@")[0]] = path
    for sid, record in records.items():
        assert record["mail_state"] != "sent" or f"{sid}.{record['generation']}" in seen, f"{sid}: sent, says the record"


def check_webhooks(load, records, seconds=90):
    """At least once: the end of every session that has a webhook, to its receiver."""
    wanted = {sid for sid in load.keys.values() if records[sid]["company"] in load.hooked}

    def undelivered():
        return wanted - {got.session for got in load.receiver.of("session.ended")} if wanted else set()
    wait_until(lambda: not undelivered(), seconds, lambda: f"no webhook was told of {undelivered()}")


def check_works(stack, apis):
    """Everybody can go on: each technician creates and ends one more session."""
    for api in apis:
        status, made = api.create()
        assert status == 201, made
        assert api.end(made["id"])[0] == 202
    assert isinstance(apis[0], Api)
