"""S-71: signed webhooks as the Standard Webhooks specification has them; at least once, in order per session, never into
private networks unless allowed."""
import json
import os
import re
import secrets
import subprocess
import threading
import time

import pytest

from audit import wait_records
from kept import Kept
from people import new_admin, new_person
from processes import ROOT, Processes, activate, wait_for
from receiver import Receiver

ALLOWED = {"WEBHOOK_ALLOW_HTTP": "1", "WEBHOOK_ALLOW_PRIVATE": "1"}
FAST = {"WEBHOOK_SCHEDULE_MS": "100,200,400", "WEBHOOK_DISABLE_MS": "3600000", "WEBHOOK_TIMEOUT_MS": "1500",
        "SMTP_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "Beistand <support@beistand.example>", "WEBHOOK_OVERLAP_MS": "5000"}


def start(folder, **env):
    p = Processes(folder, **{**FAST, **env})
    p.add("gateway")
    for name in ("activation", "licensing", "sweeper", "invitations"):
        p.add(name)
    return p.ready()


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    p = start(tmp_path_factory.mktemp("plane"), **ALLOWED)
    yield p
    codes = p.stop()
    assert set(codes.values()) == {0}, codes


@pytest.fixture
def ada(plane):
    return new_admin(plane)


def add_hook(client, url, types=("session.*",), good=True, **more):
    status, body = client.call("POST", "/v1/webhooks", {"url": url, "types": list(types), **more})
    assert (status == 201) == good, body
    return body


def deliveries(client, hook):
    seen, cursor = [], ""
    while cursor is not None:
        status, page = client.call("GET", f"/v1/webhooks/{hook['id']}/deliveries?limit=7{cursor and '&cursor=' + cursor}")
        assert status == 200 and len(page["deliveries"]) <= 7, page
        seen += page["deliveries"]
        cursor = page["next_cursor"]
    return seen


def end(client, made):
    assert client.call("POST", f"/v1/sessions/{made['id']}/end")[0] == 202


def service(plane, name):
    return next(s for s in plane.services if s.name == name)


# ---- what is delivered ----

def test_events_arrive_signed_with_the_secret_that_was_shown(plane, ada):
    """S-71"""
    with Receiver() as receiver:
        hook = add_hook(ada, receiver.url)
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", hook["secret"])
        made = ada.create(customer_name="Kim", note="a private note")[1]
        activate(plane, made)
        end(ada, made)
        got = receiver.wait(3)
        assert [g.type for g in got] == ["session.created", "session.activated", "session.ended"]
        for one in got:
            assert one.signed_by(hook["secret"]) and one.headers["content-type"] == "application/json"
            assert abs(int(one.headers["webhook-timestamp"]) - time.time()) < 60
            assert one.session == made["id"] and one.json["data"]["id"] == one.id
        assert got[2].json["data"]["reason"] == "ended_by_technician" and got[2].json["data"]["session"]["status"] == "ended"
        assert got[1].json["data"]["session"]["machine"]["name"] == "PC"
        assert "secret" not in ada.call("GET", f"/v1/webhooks/{hook['id']}")[1]


def test_the_reference_library_verifies_a_delivery(plane, ada, tmp_path):
    """S-71: PyPI standardwebhooks, not our own code."""
    made = subprocess.run(["/usr/bin/python3", ROOT / "tests" / "contract" / "venv.py"], capture_output=True, text=True, timeout=400,
                          check=False)
    if made.returncode != 0:
        pytest.skip(f"standardwebhooks cannot be had: {made.stderr.strip()[-200:]}")
    with Receiver() as receiver:
        hook = add_hook(ada, receiver.url)
        ada.create(customer_name="Jürgen 雪")
        one = receiver.wait(1)[0]
    (tmp_path / "request.json").write_text(json.dumps({"secret": hook["secret"], "headers": one.headers, "body": one.body.decode()}))
    script = "import json, sys; from standardwebhooks import Webhook; r = json.load(open(sys.argv[1])); " \
             "print(json.dumps(Webhook(r['secret']).verify(r['body'], r['headers'])))"
    python = f"{made.stdout.strip()}/bin/python"
    result = subprocess.run([python, "-c", script, tmp_path / "request.json"], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr[-500:]
    assert json.loads(result.stdout)["data"]["session"]["customer_name"] == "Jürgen 雪"
    wrong = {"secret": hook["secret"], "headers": one.headers, "body": one.body.decode().replace("created", "creatbd")}
    (tmp_path / "request.json").write_text(json.dumps(wrong))
    assert subprocess.run([python, "-c", script, tmp_path / "request.json"], capture_output=True, timeout=60, check=False).returncode != 0


def test_no_secret_leaves_in_a_delivery(plane, ada):
    """S-2 S-47 S-71"""
    with Receiver() as receiver:
        add_hook(ada, receiver.url, ["*"])
        made = ada.create(note="a private note")[1]
        token = activate(plane, made)[1]["agent_token"]
        end(ada, made)
        receiver.wait(1, kind="session.ended")
        told = b"".join(g.body for g in receiver.got).decode()
    link = made["install_url"].split("#")[1]
    for secret in ("a private note", link, link.replace("-", ""), token, ada.key[3:], "receipt_key", "agent_token", "activation_key", "whsec_"):
        assert secret not in told


@pytest.mark.parametrize("types, wanted", [
    (["session.created"], {"session.created"}),
    (["session.ended", "session.created"], {"session.created", "session.ended"}),
    (["session.*"], {"session.created", "session.ended"}),
    (["audit.*"], {"audit.report_made"}),
    (["directory.changed"], {"directory.changed"}),
    (["*"], {"session.created", "session.ended", "audit.report_made", "directory.changed"}),
])
def test_only_the_wanted_types_are_delivered(plane, ada, types, wanted):
    """S-71"""
    with Receiver() as receiver, Receiver() as all_:
        add_hook(ada, receiver.url, types)
        add_hook(ada, all_.url, ["*"])
        made = ada.create()[1]
        end(ada, made)
        ada.call("GET", f"/v1/sessions/{made['id']}/report")
        all_.wait(1, kind="audit.report_made")
        wait_for(lambda: {g.type for g in receiver.got} == wanted, 10, lambda: f"{[g.type for g in receiver.got]}")


def test_a_delivery_names_its_place_in_the_audit_log(plane, ada):
    """S-48: a hash that is kept elsewhere shows a removed end."""
    with Receiver() as receiver:
        add_hook(ada, receiver.url)
        ada.create()
        one = receiver.wait(1)[0]
    # The delivery may be quicker than the step that appends to the log.
    record = wait_for(lambda: next((r for r in wait_records(ada, 1) if r["id"] == one.id), None), 10, lambda: f"no record {one.id}")
    assert one.json["data"]["audit"] == {"seq": record["seq"], "prev": record["prev"], "hash": record["hash"]}


def test_another_company_hears_nothing(plane, ada):
    other = new_admin(plane)
    with Receiver() as receiver, Receiver() as theirs:
        add_hook(ada, receiver.url)
        add_hook(other, theirs.url)
        made = other.create()[1]
        theirs.wait(1)
        assert not [g for g in receiver.got if g.session == made["id"]]


# ---- when it does not go well ----

def test_a_failed_delivery_comes_again_with_the_same_id(plane, ada):
    """S-71: same id and body; the timestamp is of the try."""
    statuses = iter([500, 404, 204])
    with Receiver(lambda got: next(statuses)) as receiver:
        hook = add_hook(ada, receiver.url, ["session.created"])
        ada.create()
        got = receiver.wait(3)
        assert len({g.id for g in got}) == 1 and len({g.body for g in got}) == 1
        assert all(g.signed_by(hook["secret"]) for g in got)
        wait_for(lambda: deliveries(ada, hook)[0]["state"] == "delivered", 5)
        assert deliveries(ada, hook)[0]["attempts"] == 3
        assert got[1].at - got[0].at >= 0.08 and got[2].at - got[1].at >= 0.16


def test_after_the_last_try_it_is_given_up_and_can_be_sent_again(plane, ada):
    """S-71: redeliver"""
    status = [503]
    with Receiver(lambda got: (status[0], b"sorry " * 1000)) as receiver:
        hook = add_hook(ada, receiver.url, ["session.created"])
        ada.create()
        receiver.wait(4)
        given_up = wait_for(lambda: (d := deliveries(ada, hook)[0])["state"] == "failed" and d, 10)
        assert given_up["attempts"] == 4 and given_up["last"]["status"] == 503 and given_up["next_at"] is None
        assert len(given_up["last"]["answer"]) == 1024 and given_up["last"]["answer"].startswith("sorry sorry")
        status[0] = 204
        answer = ada.call("POST", f"/v1/webhooks/{hook['id']}/deliveries/{given_up['id']}/redeliver")
        assert answer == (202, {"delivery": given_up["id"]})
        again = receiver.wait(5)[4]
        assert again.id == given_up["id"] and again.body == receiver.got[0].body
        wait_for(lambda: deliveries(ada, hook)[0]["state"] == "delivered", 5)
        assert ada.call("GET", f"/v1/webhooks/{hook['id']}")[1]["status"] == "ok"


def test_events_of_a_session_wait_for_each_other_and_others_do_not(plane, ada):
    """S-71: order per session; a session whose receiver stumbles does not hold up the rest."""
    bad = ada.create()[1]["id"]
    failing = [True]
    with Receiver(lambda got: 500 if failing[0] and got.session == bad else 204) as receiver:
        add_hook(ada, receiver.url)
        end(ada, {"id": bad})
        receiver.wait(1, kind="session.ended")
        made = ada.create()[1]
        end(ada, made)
        wait_for(lambda: len([g for g in receiver.got if g.session == made["id"]]) == 2, 10)
        assert [g.type for g in receiver.got if g.session == made["id"]] == ["session.created", "session.ended"]
        failing[0] = False


def test_order_holds_over_retries(plane, ada):
    """S-71: the second event of a session is not sent before the first has arrived."""
    failing = [True]
    with Receiver(lambda got: 500 if failing[0] else 204) as receiver:
        add_hook(ada, receiver.url)
        made = ada.create()[1]
        end(ada, made)
        receiver.wait(2)
        assert {g.type for g in receiver.got} == {"session.created"}
        failing[0] = False
        receiver.wait(1, kind="session.ended")
        assert [g.type for g in receiver.got][-2:] == ["session.created", "session.ended"]


def test_a_slow_receiver_delays_only_itself(plane, ada):
    """S-71 S-46: 60 events for one that does not answer, one for another company meanwhile."""
    other = new_admin(plane)
    with Receiver() as slow, Receiver() as quick:
        slow.hold = threading.Event()
        add_hook(ada, slow.url, ["audit.*"])
        add_hook(other, quick.url)
        made = ada.create()[1]
        for _ in range(60):
            ada.call("GET", f"/v1/sessions/{made['id']}/report")
        slow.wait(4)
        started = time.monotonic()
        other.create()
        quick.wait(1, 5)
        assert time.monotonic() - started < 3
        slow.hold.set()


def test_many_events_are_delivered_without_a_gap(plane, ada):
    """S-71"""
    with Receiver() as receiver:
        add_hook(ada, receiver.url, ["audit.*"])
        made = ada.create()[1]
        for _ in range(150):
            ada.call("GET", f"/v1/sessions/{made['id']}/report")
        receiver.wait(150, 30)
        seqs = [g.json["data"]["audit"]["seq"] for g in receiver.got]
        assert sorted(set(seqs)) == sorted(r["seq"] for r in wait_records(ada, 150, types=["audit.report_made"]))
        assert seqs == sorted(seqs)


def test_long_failure_switches_off_and_the_log_says_so(tmp_path_factory):
    """S-71: disabled after long failure; switched on again it works."""
    p = start(tmp_path_factory.mktemp("off"), **ALLOWED, WEBHOOK_DISABLE_MS="700", WEBHOOK_SCHEDULE_MS="100,100,100,100,100,100,100,100,100,100")
    try:
        ada = new_admin(p)
        status = [500]
        with Receiver(lambda got: status[0]) as receiver, Receiver() as other:
            hook = add_hook(ada, receiver.url)
            add_hook(ada, other.url, ["webhook.*"])
            ada.create()
            off = wait_for(lambda: (h := ada.call("GET", f"/v1/webhooks/{hook['id']}")[1])["status"] == "disabled" and h, 15)
            assert off["disabled_reason"] == "failed_too_long" and off["failing_since"] and off["disabled_at"]
            assert wait_records(ada, 1, types=["webhook.disabled"])[0]["details"] == {"webhook": hook["id"]}
            assert other.wait(1)[0].json["data"]["reason"] == "failed_too_long"
            wait_for(lambda: deliveries(ada, hook)[0]["state"] == "failed", 10)
            made = ada.call("GET", "/v1/sessions?status=open")[1]["sessions"][0]
            before = len(receiver.got)
            end(ada, made)
            wait_records(ada, 1, types=["session.ended"])
            status[0] = 204
            assert ada.call("PATCH", f"/v1/webhooks/{hook['id']}", {"enabled": True})[1]["status"] == "ok"
            again = ada.create()[1]
            wait_for(lambda: [g for g in receiver.got[before:] if g.session == again["id"]], 10)
            assert not [g for g in receiver.got[before:] if g.type == "session.ended"]
    finally:
        p.stop()


def test_gone_switches_off_at_once(plane, ada):
    """S-71: 410, as the specification advises."""
    with Receiver(lambda got: 410) as receiver:
        hook = add_hook(ada, receiver.url)
        ada.create()
        wait_for(lambda: ada.call("GET", f"/v1/webhooks/{hook['id']}")[1]["disabled_reason"] == "gone", 10)


def test_switched_off_hears_nothing_but_a_ping(plane, ada):
    """S-71: ping"""
    with Receiver() as receiver, Receiver() as other:
        hook = add_hook(ada, receiver.url, enabled=False)
        add_hook(ada, other.url)
        ada.create()
        other.wait(1)
        status, queued = ada.call("POST", f"/v1/webhooks/{hook['id']}/ping")
        assert status == 202
        one = receiver.wait(1)[0]
        assert (one.type, one.id) == ("webhook.ping", queued["delivery"]) and one.signed_by(hook["secret"])
        assert len(receiver.got) == 1


# ---- secrets ----

def test_after_a_rotation_both_secrets_sign_for_a_while(plane, ada):
    """S-71: rotation with overlap"""
    with Receiver() as receiver:
        hook = add_hook(ada, receiver.url)
        status, rotated = ada.call("POST", f"/v1/webhooks/{hook['id']}/rotate")
        assert status == 200 and rotated["secret"] != hook["secret"] and rotated["previous_secret_until"]
        made = ada.create()[1]
        both = receiver.wait(1)[0]
        assert both.signed_by(rotated["secret"]) and both.signed_by(hook["secret"])
        wait_for(lambda: time.time() * 1000 > millis(rotated["previous_secret_until"]), 10)
        end(ada, made)
        one = receiver.wait(2)[1]
        assert one.signed_by(rotated["secret"]) and not one.signed_by(hook["secret"])
        assert len(one.headers["webhook-signature"].split(" ")) == 1


def millis(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def test_secrets_are_sealed_at_rest(plane, ada):
    """S-47: neither in Redis nor in Kafka nor in a log."""
    with Receiver() as receiver:
        hook = add_hook(ada, receiver.url)
        ada.create()
        receiver.wait(1)
    stored = plane.redis.hgetall(f"{ada.tag}:webhook:{hook['id']}")
    assert stored["secret"].startswith("s1.")
    hidden = hook["secret"].removeprefix("whsec_")
    dump = json.dumps([plane.redis.hgetall(k) for k in plane.redis.scan_iter("*webhook*") if plane.redis.type(k) == "hash"])
    kafka = "".join(subprocess.run(["kcat", "-C", "-q", "-e", "-b", plane.bootstrap, "-t", topic, "-o", "beginning", "-X", "fetch.wait.max.ms=5",
                                    "-X", "broker.address.family=v4"], capture_output=True, text=True, timeout=60, check=True).stdout
                    for topic in ("beistand.journal", "beistand.directory", "beistand.mail"))
    logs = "".join(p.read_text(errors="replace") for p in plane.dir.glob("*.log"))
    assert receiver.url in dump and ada.company in kafka
    for place in (dump, kafka, logs):
        assert hidden not in place


# ---- private networks ----

@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    p = start(tmp_path_factory.mktemp("strict"))
    yield p
    p.stop()


@pytest.mark.parametrize("url", [
    "http://example.com/", "ftp://example.com/", "https://", "https://user:pass@example.com/", "https://example.com/#x", "example.com", "",
    "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1/", "https://172.16.0.1:8443/", "https://169.254.169.254/latest/", "https://[::1]/",
    "https://[::ffff:10.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://localhost/", "https://a.localhost/", "https://0x7f.1/",
    "https://2130706433/", "https://127.1/", "https://100.64.0.1/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://example.com/ x",
    "https://example.com/" + "x" * 2000, 7, "javascript:alert(1)", "https://exämple.com/\x7f",
])
def test_registration_refuses_what_is_not_public_https(strict, url):
    """S-71"""
    client = strict.cached = getattr(strict, "cached", None) or new_admin(strict)
    status, problem = client.call("POST", "/v1/webhooks", {"url": url, "types": ["*"]})
    assert (status, problem["reason"]) == (400, "invalid_request")


def test_a_name_that_resolves_to_a_private_address_is_not_asked(strict):
    """S-71: checked when the socket is made, so a name that changes (DNS rebinding) does not get through either. The
    receiver listens on loopback, and /etc/hosts or the resolver says where the name is."""
    client = new_admin(strict)
    with Receiver() as receiver:
        name = next(n for n in ("localhost.localdomain", "ip6-localhost", os.uname().nodename) if resolves(n))
        hook = add_hook(client, f"https://{name}:{receiver.server.server_port}/hook")
        client.create()
        refused = wait_for(lambda: (d := deliveries(client, hook)) and d[0]["last"] and d[0], 10)
        assert refused["last"]["error"] == "the address is not public" and refused["last"]["status"] is None
        assert not receiver.got


def resolves(name):
    import ipaddress
    import socket
    try:
        return all(not ipaddress.ip_address(info[4][0].split("%")[0]).is_global for info in socket.getaddrinfo(name, 443))
    except OSError:
        return False


def test_redirects_are_not_followed(plane, ada):
    """S-71: a redirect would be a way around the address check."""
    with Receiver() as target:
        with Receiver(lambda got: (302, b"", {"Location": target.url})) as receiver:
            hook = add_hook(ada, receiver.url)
            ada.create()
            receiver.wait(1)
            first = wait_for(lambda: (d := deliveries(ada, hook)) and d[0]["last"] and d[0], 10)
            assert first["last"]["status"] == 302 and not target.got


def test_certificates_are_checked(tmp_path_factory):
    """S-71: https means TLS with a certificate that an authority we trust has signed."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "k.pem", "-out", folder / "c.pem", "-days", "2",
                    "-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    (folder / "both.pem").write_text((folder / "k.pem").read_text() + (folder / "c.pem").read_text())
    for env, good in (({}, False), ({"WEBHOOK_CA_FILE": str(folder / "c.pem")}, True)):
        p = start(tmp_path_factory.mktemp("tls-plane"), WEBHOOK_ALLOW_PRIVATE="1", **env)
        try:
            client = new_admin(p)
            with Receiver(certificate=folder / "both.pem") as receiver:
                hook = add_hook(client, receiver.url)
                client.create()
                last = wait_for(lambda: (d := deliveries(client, hook)) and d[0]["last"], 10)
                assert (last["status"] == 204) == good and bool(receiver.got) == good, last
        finally:
            p.stop()


# ---- faults ----

@pytest.mark.parametrize("victim, point", [
    ("invitations", "invitations.enqueued"), ("invitations", "invitations.taken"), ("invitations", "invitations.posted"),
    ("invitations", "invitations.noted"), ("sweeper", "sweeper.sent"), ("sweeper", "sweeper.produced"), ("sweeper", "sweeper.trimmed")])
def test_killed_anywhere_every_event_still_arrives(plane, ada, victim, point):
    """S-71: at least once, in order per session, with the same id when it comes again."""
    with Receiver() as receiver:
        add_hook(ada, receiver.url, ["session.created", "session.ended"])
        process = service(plane, victim)
        process.stop()
        with Kept(process, FAILPOINT=f"{point}:4") as kept:
            made = []
            for _ in range(6):
                made.append(ada.create()[1])
                end(ada, made[-1])
            wanted = {(m["id"], kind) for m in made for kind in ("session.created", "session.ended")}
            wait_for(lambda: {(g.session, g.type) for g in receiver.got} == wanted, 40,
                     lambda: f"missing {wanted - {(g.session, g.type) for g in receiver.got}}")
        assert kept.deaths == 1
        for one in made:
            kinds = [g.type for g in receiver.got if g.session == one["id"]]
            assert kinds.index("session.ended") > kinds.index("session.created")
            assert len({g.id for g in receiver.got if g.session == one["id"]}) == 2
        process.wait_ready()


def test_a_second_invitations_does_not_send_twice(plane, ada):
    """S-71: each delivery is claimed."""
    second = plane.add("invitations").wait_ready()
    try:
        with Receiver() as receiver:
            add_hook(ada, receiver.url, ["session.*", "audit.*"])
            for _ in range(20):
                made = ada.create()[1]
                ada.call("GET", f"/v1/sessions/{made['id']}/report")
                end(ada, made)
            receiver.wait(60, 30)
            assert len(receiver.got) == len({g.id for g in receiver.got}) == 60
    finally:
        second.stop()
        plane.services.remove(second)


# ---- the API ----

def test_webhooks_are_for_administrators_of_their_company(plane, ada):
    """S-24 S-36"""
    with Receiver() as receiver:
        hook = add_hook(ada, receiver.url)
    tina, other = new_person(plane, ada.company), new_admin(plane)
    for method, path, body in [("GET", "", None), ("POST", "", {"url": "https://example.com", "types": ["*"]}), ("GET", "/{}", None),
                               ("PATCH", "/{}", {}), ("DELETE", "/{}", None), ("POST", "/{}/rotate", None), ("POST", "/{}/ping", None),
                               ("GET", "/{}/deliveries", None), ("POST", "/{}/deliveries/ping-x/redeliver", None)]:
        assert tina.call(method, "/v1/webhooks" + path.format(hook["id"]), body)[1]["reason"] == "permission_missing"
        if path:
            assert other.call(method, "/v1/webhooks" + path.format(hook["id"]), body)[1]["reason"] == "not_found"
    assert other.call("GET", "/v1/webhooks")[1] == {"webhooks": []}
    assert [h["id"] for h in ada.call("GET", "/v1/webhooks")[1]["webhooks"]] == [hook["id"]]


def test_change_and_removal(plane, ada):
    """S-70: ETag and If-Match"""
    with Receiver() as receiver:
        hook = add_hook(ada, receiver.url, description="for the ticket system")
        path = f"/v1/webhooks/{hook['id']}"
        assert ada.call("PATCH", path, {"types": ["audit.*"]}, If_Match='"7"')[1]["reason"] == "precondition_failed"
        status, changed = ada.call("PATCH", path, {"types": ["audit.*"]}, If_Match=f'"{hook["version"]}"')
        assert status == 200 and changed["types"] == ["audit.*"] and changed["url"] == hook["url"]
        assert ada.call("DELETE", path)[0] == 204 and ada.call("GET", path)[1]["reason"] == "not_found"
        ada.create()
        wait_records(ada, 1, types=["session.created"])
        assert [r["details"]["verb"] for r in wait_records(ada, 3, types=["directory.changed"]) if r["details"]["kind"] == "webhook"] == \
            ["create", "update", "remove"]
        assert not receiver.got


def test_the_same_idempotency_key_shows_the_same_secret(plane, ada):
    """S-70"""
    body = {"url": "https://example.com/hook", "types": ["*"]}
    first = ada.call("POST", "/v1/webhooks", body, Idempotency_Key="only-once-please")
    again = ada.call("POST", "/v1/webhooks", body, Idempotency_Key="only-once-please")
    assert first[0] == again[0] == 201 and first[1] == again[1] and first[1]["secret"]
    other = ada.call("POST", "/v1/webhooks", {**body, "types": ["session.*"]}, Idempotency_Key="only-once-please")
    assert other[1]["reason"] == "idempotency_conflict"
    assert len(ada.call("GET", "/v1/webhooks")[1]["webhooks"]) == 1


def test_their_number_is_limited(plane, ada):
    """STYLE 8"""
    for i in range(20):
        add_hook(ada, f"https://example.com/{i}", ["directory.none"])
    assert add_hook(ada, "https://example.com/21", ["directory.none"], good=False)["reason"] == "rate_limited"


@pytest.mark.parametrize("body", [
    {}, {"url": "https://example.com"}, {"types": ["*"]}, {"url": "https://example.com", "types": []}, {"url": "https://example.com", "types": "all"},
    {"url": "https://example.com", "types": ["session"]}, {"url": "https://example.com", "types": ["session.ended,x"]},
    {"url": "https://example.com", "types": ["*.*"]}, {"url": "https://example.com", "types": ["a." + "b" * 64]},
    {"url": "https://example.com", "types": ["*"] * 21}, {"url": "https://example.com", "types": [7]},
    {"url": "https://example.com", "types": ["*"], "secret": "whsec_x"}, {"url": "https://example.com", "types": ["*"], "enabled": "yes"},
    {"url": "https://example.com", "types": ["*"], "description": "two\nlines"},
])
def test_malformed_registrations_are_refused(plane, ada, body):
    """S-36 invalid_request"""
    status, problem = ada.call("POST", "/v1/webhooks", body)
    assert (status, problem["reason"]) == (400, "invalid_request")


def test_redelivery_of_what_is_not_there_or_not_over(plane, ada):
    """S-36 wrong_state not_found"""
    with Receiver(lambda got: 500) as receiver:
        hook = add_hook(ada, receiver.url, ["session.created"])
        ada.create()
        receiver.wait(1)
        path = f"/v1/webhooks/{hook['id']}/deliveries"
        pending = deliveries(ada, hook)[0]
        assert ada.call("POST", f"{path}/{pending['id']}/redeliver")[1]["reason"] == "wrong_state"
        for nothing in ("06-1-0", "x" * 63, "a" * 64, "%2e%2e", secrets.token_hex(4).upper() + "A"):
            assert ada.call("POST", f"{path}/{nothing}/redeliver")[1]["reason"] == "not_found"
        for query in ("limit=0", "cursor=x", "cursor=1:", "cursor=:x", "limit=101"):
            assert ada.call("GET", f"{path}?{query}")[1]["reason"] == "invalid_request"
