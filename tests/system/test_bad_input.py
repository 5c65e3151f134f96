"""What must be refused, each with its reason and nothing lost: foreign and used credentials, forged offers, hostile
heads and frames at the relay, malformed bodies. The relay is spoken to directly where the edge would tidy up."""
import concurrent.futures
import hashlib
import json
import secrets
import subprocess
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
import requests

from flows import Support, activate, new_technician, read_redis, replica, tls_socket
from processes import bucket_of, new_secret
from raw_ws import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, frame, head
from stack import wait_until

V1 = "beistand.v1"
UNKNOWN = "00000000000000000000000000"


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack(replicas={"relay": 2, "activation": 2}, service_env={"relay": {"PEER_WAIT_MS": "3000"}})


@pytest.fixture
def tina(stack):
    return new_technician(stack)


class RawSession:
    """An active session whose program is this test: agent token and control socket of its own."""

    def __init__(self, stack, api=None):
        self.stack, self.api = stack, api or new_technician(stack)
        status, self.made = self.api.create()
        assert status == 201, self.made
        self.id = self.made["id"]
        status, active = activate(stack, self.made)
        assert status == 200, active
        self.agent = active["agent_token"]
        self.control = RawSocket(replica(stack, "relay", 1), head(f"/relay/control/{self.id}", f"{V1}, agent.{self.agent}"))
        assert self.control.status == 101
        self.api.wait(self.id, lambda s: s["online"], what="online")

    def ticket(self):
        status, ticket = self.api.call("POST", f"/v1/sessions/{self.id}/tickets", {"feature": "remote"})
        assert status == 201, ticket
        return ticket

    def viewer(self, ticket, relay=1, **headers):
        return RawSocket(replica(self.stack, "relay", relay),
                         head(f"/relay/c/{ticket['conn_id']}", f"{V1}, ticket.{ticket['ticket']}", **headers))

    def program(self, conn_id, relay=1, agent=None, session=None):
        return RawSocket(replica(self.stack, "relay", relay),
                         head(f"/relay/c/{conn_id}", f"{V1}, agent.{agent or self.agent}, session.{session or self.id}"))

    def pair(self):
        """Viewer and program, connected through relay 1."""
        ticket = self.ticket()
        viewer, program = self.viewer(ticket), self.program(ticket["conn_id"])
        assert viewer.status == program.status == 101, (viewer.body, program.body)
        return viewer, program

    def close(self):
        self.control.close()
        self.api.end(self.id)


@pytest.fixture
def raw(stack):
    session = RawSession(stack)
    yield session
    session.close()


def reason_of(refused):
    return json.loads(refused.body)["reason"]


# ---- whose session it is ----

def test_a_foreign_session_is_answered_like_an_unknown_one(stack, raw):
    """S-36 not_found: on every route, so nobody learns which ids exist. A colleague neither; S-29 the administrator
    sees it and still does not connect."""
    strangers = [new_technician(stack), new_technician(stack, raw.api.company)]
    calls = [("GET", "", None), ("POST", "/end", None), ("POST", "/tickets", {"feature": "remote"}), ("POST", "/invitations", None)]
    for api in strangers:
        for method, path, body in calls:
            answers = []
            for sid in (raw.id, UNKNOWN):
                status, problem = api.call(method, f"/v1/sessions/{sid}{path}", body, Idempotency_Key=secrets.token_hex(8))
                problem.pop("request_id")
                answers.append((status, problem))
            assert answers[0] == answers[1] and answers[0][0] == 404, (method, path, answers)
        assert api.call("GET", "/v1/sessions")[1]["sessions"] == []
    chief = new_technician(stack, raw.api.company, role="administrator")
    assert chief.session(raw.id)["status"] == "active"
    status, problem = chief.call("POST", f"/v1/sessions/{raw.id}/tickets", {"feature": "remote"})
    assert (status, problem["reason"]) == (403, "permission_missing")
    assert raw.api.session(raw.id)["status"] == "active"


def test_an_idempotency_key_is_of_one_person(stack):
    """S-29: a colleague who sends the same key and body has a session of their own, and never sees the other's code."""
    tina = new_technician(stack)
    colleague, stranger = new_technician(stack, tina.company), new_technician(stack)
    made = [api.create(key="ticket-4711") for api in (tina, colleague, stranger, tina)]
    assert [status for status, _ in made] == [201] * 4, made
    assert len({body["id"] for _, body in made}) == 3 and made[0][1]["id"] == made[3][1]["id"]
    assert made[1][1]["technician"]["id"] == colleague.id


def test_event_streams_tell_only_of_ones_own_sessions(stack, tina):
    """S-71: another tenant's change is not heard."""
    other = new_technician(stack)
    with requests.get(stack.origin + "/v1/events", stream=True, timeout=15, verify=tina.ca,
                      headers={"Authorization": f"Bearer {tina.key}"}) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        next(line for line in lines if line.startswith("data:"))
        foreign = other.create()[1]["id"]
        wait_until(lambda: other.session(foreign), 5, lambda: "created")
        mine = tina.create()[1]["id"]
        assert json.loads(next(line for line in lines if line.startswith("data:"))[5:])["id"] == mine


def test_a_program_reads_only_its_own_session(stack, raw):
    """S-36 unauthenticated: agent tokens are of one session each."""
    other = RawSession(stack)
    url = f"{stack.origin}/agent/v1/sessions/{other.id}"
    for method, path in (("GET", ""), ("POST", "/reports")):
        answer = requests.request(method, url + path, json={"event": "ended_by_customer"} if path else None, timeout=10,
                                  verify=raw.api.ca, headers={"Authorization": f"Bearer {raw.agent}"})
        assert answer.status_code == 401 and answer.json()["reason"] == "unauthenticated"
    assert other.api.session(other.id)["status"] == "active"
    other.close()


def test_codes_and_links_of_two_sessions_do_not_mix(stack):
    """S-31: the code of another session is a wrong code, counted at the session whose link was used."""
    one, other = (new_technician(stack).create()[1] for _ in range(2))
    if one["code_prefix"] != other["code_prefix"]:
        status, problem = activate(stack, one, other["code_prefix"])
        assert (status, problem["reason"], problem["attempts_left"]) == (403, "code_invalid", 4)
    token = one["install_url"].split("#")[1]
    broken = token[:-1] + ("0" if token[-1] != "0" else "1")
    for wrong in (broken, token[:-1], "", "x" * 64, "y" * 200, token.replace(token[:6], "ZZZZZZ")):
        status, problem = activate(stack, one, token=wrong or " ")
        assert (status, problem["reason"]) == (404, "not_found"), wrong
    assert activate(stack, other)[0] == 200


@pytest.mark.parametrize("body", [
    "", "{", "[]", "null", "[" * 200 + "]" * 200, '{"token":1}', '{"token":"a","token":"b"}', "\x00", '{"a":' * 30 + "1" + "}" * 30,
    '{"token":"x","code_prefix":"12345","machine":{},"receipt_key":"k"}', '{"token":"x","code_prefix":1234}',
    '{"token":"x","code_prefix":"１２３４","machine":{},"receipt_key":"' + "A" * 43 + '"}',
    '{"token":"x","code_prefix":"1234","machine":{"name":"' + "n" * 200 + '"},"receipt_key":"' + "A" * 43 + '"}',
    '{"token":"x","code_prefix":"1234","machine":{"disk":"C"},"receipt_key":"' + "A" * 43 + '"}'])
def test_malformed_activations_are_refused(stack, body):
    """S-36 invalid_request: and no try is counted, because none was made."""
    answer = requests.post(stack.origin + "/agent/v1/activations", data=body.encode(), timeout=10,
                           verify=str(stack.root / "secrets" / "ca.pem"), headers={"Idempotency-Key": "x" * 16})
    assert answer.status_code == 400 and answer.json()["reason"] == "invalid_request", answer.text


def test_a_receipt_that_somebody_else_signed_is_refused(stack, tmp_path):
    """S-10: only the key that the activation registered proves a removal, and only for its session."""
    api = new_technician(stack)
    made = api.create()[1]
    own, foreign = Key(tmp_path / "own.pem"), Key(tmp_path / "foreign.pem")
    assert activate(stack, made, receipt_key=own.public)[0] == 200

    def post(key, session):
        receipt = b64u(json.dumps({"session": session, "removed_at": 1, "left": []}).encode())
        body = {"receipt": receipt, "signature": key.sign(b"beistand receipt v1\0" + receipt.encode())}
        answer = requests.post(f"{stack.origin}/agent/v1/sessions/{made['id']}/receipt", json=body, verify=api.ca, timeout=10)
        return answer.status_code
    assert post(own, made["id"]) == 409, "it has not ended"
    api.end(made["id"])
    assert post(foreign, made["id"]) == 401 and post(own, UNKNOWN) == 401
    assert api.session(made["id"])["removal"] == "pending"
    assert post(own, made["id"]) == 204 and post(own, made["id"]) == 204
    assert api.session(made["id"])["removal"] == "removed"


@pytest.mark.parametrize("path", ["/../secrets/keys", "/..%2f..%2fsecrets/keys", "/assets/../../../../etc/passwd", "/page/../main.c",
                                  "//etc/passwd", "/.git/config", "/page/%00", "/i/" + "x" * 3000, "/v1/sessions/" + "x" * 1000],
                         ids=lambda path: path[:30])
def test_paths_out_of_the_pages_are_not_found(stack, tina, path):
    """S-36 not_found"""
    out = subprocess.run(["curl", "-sS", "--path-as-is", "--cacert", tina.ca, "-H", f"Authorization: Bearer {tina.key}", "-o", "-",
                          "-w", "\n%{http_code}", stack.origin + path], capture_output=True, text=True, timeout=20, check=True).stdout
    body, _, status = out.rpartition("\n")
    assert status in ("400", "404") and "root:" not in body and "k1:" not in body, out


# ---- tickets ----

def test_a_ticket_works_once(stack, raw):
    """S-33 ticket_invalid: also when both relays are asked at the same moment, twenty times."""
    ticket = raw.ticket()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        sockets = list(pool.map(lambda i: raw.viewer(ticket, i % 2 + 1), range(20)))
    assert sorted({s.status for s in sockets}) == [101, 401] and [s.status for s in sockets].count(101) == 1
    assert {reason_of(s) for s in sockets if s.status == 401} == {"ticket_invalid"}
    [s.close() for s in sockets]


def test_a_ticket_is_for_its_connection_and_its_time(stack, raw):
    """S-33 ticket_invalid: another connection's path, an expired one, one that never was."""
    one, other = raw.ticket(), raw.ticket()
    swapped = raw.viewer({"conn_id": other["conn_id"], "ticket": one["ticket"]})
    assert (swapped.status, reason_of(swapped)) == (401, "ticket_invalid")
    late = raw.ticket()
    r = read_redis(stack)
    key = next(r.scan_iter(f"*:ticket:{hashlib.sha256(late['ticket'].encode()).hexdigest()}", count=10000))
    stored = json.loads(r.get(key))
    assert 0 < r.ttl(key) <= 60 and stored["exp"] > time.time() * 1000
    r.set(key, json.dumps({**stored, "exp": int(time.time() * 1000) - 1}), keepttl=True)
    expired = raw.viewer(late)
    assert (expired.status, reason_of(expired)) == (401, "ticket_invalid")
    never = raw.viewer({**other, "ticket": new_secret(bucket_of(raw.id))})
    assert (never.status, reason_of(never)) == (401, "ticket_invalid")
    malformed = raw.viewer({**other, "ticket": other["ticket"][:-1] + "!"})
    assert (malformed.status, reason_of(malformed)) == (401, "unauthenticated")


def test_another_origin_does_not_get_in_and_costs_no_ticket(stack, raw):
    """S-33: a page of another site that has got hold of a ticket."""
    ticket = raw.ticket()
    for origin in ("https://evil.example", stack.origin + ".evil.example", "null", stack.origin.replace("https", "http")):
        refused = raw.viewer(ticket, Origin=origin)
        assert (refused.status, reason_of(refused)) == (403, "permission_missing"), origin
    with raw.viewer(ticket, Origin=stack.origin) as accepted:
        assert accepted.status == 101


def test_without_the_programs_token_no_socket_opens(stack, raw):
    """S-36 unauthenticated: neither control nor data; nor for a connection that was offered to another session."""
    other = RawSession(stack)
    assert reason_of(RawSocket(replica(stack, "relay", 1), head(f"/relay/control/{raw.id}", f"{V1}, agent.{other.agent}"))) \
        == "unauthenticated"
    ticket = raw.ticket()
    with raw.viewer(ticket) as viewer:
        assert viewer.status == 101
        assert reason_of(raw.program(ticket["conn_id"], agent=other.agent)) == "unauthenticated"
        assert reason_of(other.program(ticket["conn_id"])) == "not_found"
        assert viewer.close_code() == 4404, "the viewer waited for its program only"
    other.close()


def test_tickets_need_an_open_session_and_an_online_computer(stack, tina):
    """S-33 computer_offline, S-36 wrong_state; and what is asked must be known."""
    made = tina.create()[1]
    path = f"/v1/sessions/{made['id']}/tickets"
    assert tina.call("POST", path, {"feature": "remote"})[1]["reason"] == "wrong_state"
    assert activate(stack, made)[0] == 200
    assert tina.call("POST", path, {"feature": "remote"})[1]["reason"] == "computer_offline"
    for body in ({}, {"feature": "shell"}, {"feature": 1}, {"feature": "remote", "mode": "resume"}, {"feature": "remote", "x": 1}):
        assert tina.call("POST", path, body)[1]["reason"] == "invalid_request", body
    tina.end(made["id"])
    assert tina.call("POST", path, {"feature": "remote"})[1]["reason"] == "wrong_state"


# ---- offers ----

def b64u(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An Ed25519 key; path: of an existing one, or where a new one goes."""

    def __init__(self, path):
        self.path = path
        if not path.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True, capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        self.public = b64u(der[-32:])

    def sign(self, message):
        source = self.path.parent / f"message-{secrets.token_hex(4)}"
        source.write_bytes(message)
        out = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", source], check=True,
                             capture_output=True).stdout
        source.unlink()
        return b64u(out)

    def offer(self, session, claims):
        text = b64u(json.dumps(claims).encode())
        return {"session": session, "conn_id": claims.get("conn_id", ""), "claims": text,
                "signature": self.sign(b"beistand offer v1\0" + text.encode())}


def test_a_forged_offer_is_refused_by_the_program(stack, tmp_path):
    """S-24 S-33: whatever the relay says, only what the server signed for this session, now, opens a connection."""
    with Support(stack, tmp_path / "one") as one, Support(stack, tmp_path / "two") as two:
        one.paired()
        two.online()
        r, now = read_redis(stack), int(time.time() * 1000)
        server, forger = Key(stack.root / "secrets" / "signing.pem"), Key(tmp_path / "forger.pem")

        def claims(**changed):
            return {"v": 1, "session": one.id, "conn_id": one.id[:2] + secrets.token_hex(12), "technician": one.api.id,
                    "technician_name": "Tina", "company_name": "M", "features": ["remote"], "view_only": False,
                    "mode": "connect", "iat": now, "exp": now + 60000, **changed}
        good = server.offer(one.id, claims())
        widened = {**good, "claims": b64u(json.dumps({**json.loads(urlsafe_b64decode(good["claims"] + "==")), "view_only": True})
                                          .encode())}
        foreign = {**server.offer(two.id, claims(session=two.id)), "session": one.id}
        mean = [forger.offer(one.id, claims()), widened, foreign, server.offer(one.id, claims(exp=now - 1)),
                server.offer(one.id, claims(v=2)), server.offer(one.id, {"v": 1}), {**good, "conn_id": UNKNOWN},
                {**good, "signature": ""}, {**good, "claims": "AAAA"}, {"session": one.id}]
        for offer in mean:
            mark = len(one.pc.seen)
            r.publish("beistand.offer", json.dumps(offer))
            one.pc.wait(lambda l: l.get("reason") in ("offer_refused", "offline"), 10, f"refusal of {offer}", mark)
            assert one.pc.seen[-1]["reason"] == "offer_refused"
        assert not [l for l in one.pc.seen if l.get("event") == "viewers" and l["n"] > 0]
        one.pc.say("say still here")
        assert one.read_screen(0) == "still here"


# ---- hostile heads and frames ----

@pytest.mark.parametrize("name, status", [("no_upgrade", 400), ("old_version", 400), ("no_key", 400), ("short_key", 400),
                                          ("no_protocol", 400), ("other_protocol", 400), ("twice", 400), ("post", 400),
                                          ("early_data", 400), ("endless", 400), ("nul", 400), ("path", 404), ("id", 404)])
def test_a_malformed_upgrade_is_refused(stack, raw, name, status):
    """S-36: by the relay itself, as problem+json, and the connection ends."""
    path, protocols = f"/relay/control/{raw.id}", f"{V1}, agent.{raw.agent}"
    good = head(path, protocols)
    request = {
        "no_upgrade": head(path, protocols, Upgrade=None), "old_version": head(path, protocols, Sec_WebSocket_Version="8"),
        "no_key": head(path, protocols, Sec_WebSocket_Key=None), "short_key": head(path, protocols, Sec_WebSocket_Key="AAAA"),
        "no_protocol": head(path, None), "other_protocol": head(path, "chat"), "twice": good[:-2] + b"Upgrade: websocket\r\n\r\n",
        "post": good.replace(b"GET", b"POST"), "early_data": good + frame(BINARY, b"early"), "nul": good[:-2] + b"X: \0\r\n\r\n",
        "endless": good[:-2] + b"X: " + b"y" * 9000 + b"\r\n\r\n", "path": head("/relay/other", protocols),
        "id": head("/relay/control/" + "!" * 26, protocols)}[name]
    with RawSocket(replica(stack, "relay", 1), request) as refused:
        assert refused.status == status and reason_of(refused) in ("invalid_request", "not_found"), refused.body
    raw.control.send(frame(PING, b"alive"))
    assert raw.control.receive_until(PONG) == (PONG, b"alive")


HOSTILE = {
    "a length of 2^63": (frame(BINARY, b"x", length=1 << 63, form=64), 1002),
    "a length of 2^64-1": (frame(BINARY, b"x", length=(1 << 64) - 1, form=64), 1002),
    "a length of 2^62": (frame(BINARY, b"x", length=1 << 62, form=64), 1009),
    "more than a record": (frame(BINARY, b"x" * 20000), 1009),
    "a 64-bit form of a short length": (frame(BINARY, b"x", form=64), 1002),
    "a 16-bit form of a short length": (frame(BINARY, b"x", form=16), 1002),
    "no mask": (frame(BINARY, b"x", masked=False), 1002),
    "a reserved bit": (frame(BINARY, b"x", rsv=4), 1002),
    "an unknown opcode": (frame(3, b"x"), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a fragmented ping": (frame(PING, b"x", fin=False), 1002),
    "a close of one byte": (frame(CLOSE, b"x"), 1002),
    "a continuation of nothing": (frame(0, b"x"), 1002),
    "a message inside a message": (frame(BINARY, b"x", fin=False) + frame(BINARY, b"y"), 1002),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_frame_ends_its_connection_and_no_other(stack, raw, name):
    """RFC 6455 section 5: closed with the code that fits; the other end learns it; the relay goes on for everybody."""
    data, code = HOSTILE[name]
    viewer, program = raw.pair()
    bystander = RawSession(stack)
    theirs = bystander.pair()
    try:
        viewer.send(data)
        assert viewer.close_code() == code
        last = program.receive_until(CLOSE)
        assert last is None or int.from_bytes(last[1][:2], "big") == 4001
        theirs[0].send(frame(BINARY, b"we are fine"))
        assert theirs[1].receive() == (BINARY, b"we are fine")
    finally:
        [s.close() for s in (viewer, program, *theirs)]
        bystander.close()


@pytest.mark.parametrize("side", ["viewer", "program"])
def test_a_source_that_dies_in_the_middle_of_a_frame_cuts_the_other_side(raw, side):
    """DESIGN 3: half a frame is never ended with something that could pass for the rest."""
    viewer, program = raw.pair()
    source, other = (viewer, program) if side == "viewer" else (program, viewer)
    source.send(frame(BINARY, b"whole") + frame(BINARY, b"h" * 100, length=1000))
    assert other.receive() == (BINARY, b"whole")
    wait_until(lambda: other.need(104), 5, lambda: "the half frame is streamed")
    source.close()
    assert other.receive() is None and len(other.buffer) == 104 and other.buffer.endswith(b"h" * 100)
    other.close()


def test_frames_pass_unchanged_whatever_their_form(raw):
    """DESIGN 3: fragments stay fragments, an interleaved ping is answered per hop, text stays text."""
    viewer, program = raw.pair()
    viewer.send(frame(BINARY, b"one", fin=False) + frame(PING, b"between") + frame(0, b"two") + frame(TEXT, b"text")
                + frame(BINARY, b"") + frame(BINARY, b"z" * 16384))
    assert program.receive() == (BINARY, b"one") and program.receive() == (0, b"two")
    assert program.receive() == (TEXT, b"text") and program.receive() == (BINARY, b"") and program.receive() == (BINARY, b"z" * 16384)
    assert viewer.receive() == (PONG, b"between")
    for byte in frame(BINARY, b"byte by byte"):
        viewer.send(bytes([byte]))
    assert program.receive() == (BINARY, b"byte by byte")
    program.send(frame(CLOSE, (1000).to_bytes(2, "big")))
    assert viewer.close_code() == 4001
    [s.close() for s in (viewer, program)]


def test_a_slow_receiver_stops_its_sender_and_loses_nothing(stack, raw):
    """DESIGN 3: bounded queues; what does not fit stays with the sender."""
    viewer, program = raw.pair()
    digest, sent, before = hashlib.sha256(), [], rss_kb(stack, "relay-1")
    payloads = [secrets.token_bytes(16384) for _ in range(1000)]

    def send_all():
        for payload in payloads:
            viewer.send(frame(BINARY, payload))
            sent.append(time.monotonic())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_all)
        # Nobody reads: what the kernel and the relay take is all that goes.
        wait_until(lambda: sent and time.monotonic() > sent[-1] + 0.5, 15, lambda: f"{len(sent)} records and still sending")
        assert len(sent) < len(payloads), "sixteen megabytes went somewhere"
        assert rss_kb(stack, "relay-1") < before + 12 * 1024, (before, rss_kb(stack, "relay-1"))
        for _ in payloads:
            opcode, payload = program.receive()
            while opcode == PING:  # the relay's own, when this machine is slow
                opcode, payload = program.receive()
            digest.update(payload)
        sending.result(10)
    assert digest.digest() == hashlib.sha256(b"".join(payloads)).digest()
    [s.close() for s in (viewer, program)]


def rss_kb(stack, name):
    lines = open(f"/proc/{stack.process(name).pid}/status", encoding="ascii").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_an_offer_reaches_a_program_that_comes_a_moment_later(stack):
    """S-8: the control socket was between two relays when the viewer came; the offer is said again."""
    raw = RawSession(stack)
    ticket = raw.ticket()
    raw.control.close()
    with raw.viewer(ticket, relay=2) as viewer:
        raw.control = RawSocket(replica(stack, "relay", 1), head(f"/relay/control/{raw.id}", f"{V1}, agent.{raw.agent}"))
        offer = json.loads(raw.control.receive_until(TEXT)[1])
        assert offer["type"] == "offer" and offer["conn_id"] == ticket["conn_id"] and offer["claims"] == ticket["claims"]
        with raw.program(offer["conn_id"], relay=2) as program:
            program.send(frame(BINARY, b"hello"))
            assert viewer.receive() == (BINARY, b"hello")
    raw.close()


def test_an_end_cuts_all_sockets_with_its_reason(raw):
    """S-9: within two seconds, both data sockets and the control socket, 4002 and the reason."""
    viewer, program = raw.pair()
    started = time.monotonic()
    assert raw.api.end(raw.id)[0] == 202
    assert json.loads(raw.control.receive_until(TEXT)[1])["type"] == "offer"
    assert json.loads(raw.control.receive_until(TEXT)[1]) == {"type": "ended", "reason": "ended_by_technician"}
    for s in (viewer, program, raw.control):
        opcode, payload = s.receive_until(CLOSE)
        assert (int.from_bytes(payload[:2], "big"), payload[2:]) == (4002, b"ended_by_technician")
    assert time.monotonic() - started < 2
    assert reason_of(raw.program(UNKNOWN)) == "ended_by_technician"
    [s.close() for s in (viewer, program)]


@pytest.mark.parametrize("path", ["/v1/sessions", "/agent/v1/activations"])
def test_a_body_that_trickles_is_ended_by_the_edge(stack, path):
    """S-61: the whole request within the edge's ten seconds; nobody holds a connection by sending a byte now and then."""
    with tls_socket(stack, 1) as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode())
        started, answer = time.monotonic(), b""
        while not answer:
            assert time.monotonic() - started < 30, "it still waits for the rest"
            try:
                s.sendall(b" ")
                answer = s.recv(4096) or b"closed"
            except TimeoutError:
                continue
            except OSError:
                answer = b"closed"
        assert answer == b"closed" or answer.startswith(b"HTTP/1.1 408 "), answer
