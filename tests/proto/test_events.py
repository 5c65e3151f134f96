"""What goes over Kafka, from real services: every message fits its schema and its headers, and no schema has a place for a
secret."""

import json
import secrets
import subprocess

import pytest
from house import COMMAND, DIRECTORY, HEADERS, JOURNAL, schema
from processes import Processes, activate, wait_for, wrong

# Of SPEC S-2 and channel.md section 1: what must never be in an event, under whatever name it could come.
SECRETS = {
    "token",
    "link",
    "link_token",
    "agent_token",
    "ticket",
    "code",
    "code_prefix",
    "digits",
    "e",
    "password",
    "secret",
    "cookie",
    "csrf",
    "receipt_secret",
    "psk",
}
# Repetitions are in no company's audit log; everything else is.
OF_NO_LOG = ("session.repeated", "session.journaled", "computer.journaled", "audit.journaled")


def members(node):
    """All (path, member names, is closed) of a schema's objects."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield set(node.get("properties", ())), node.get("additionalProperties")
        for value in node.values():
            yield from members(value)
    elif isinstance(node, list):
        for value in node:
            yield from members(value)


@pytest.mark.parametrize("name", ["journal", "command", "headers", "directory"])
def test_no_schema_has_a_place_for_a_secret(name):
    """DESIGN 2: no secret ever enters an event. Every object is closed, so nothing else can be in it either."""
    found = list(members(schema(name)))
    assert found
    for names, additional in found:
        assert additional is False, f"{name}: {sorted(names)} is open"
        assert not names & SECRETS, f"{name}: {sorted(names & SECRETS)}"


def test_a_secret_is_refused_wherever_it_is_put():
    """The validator itself: an event with one more member, in the event or in the record, does not pass."""
    stub = {"id": "0" * 26, "company": "0" * 26}
    good = {
        "type": "session.refused",
        "session": "0" * 26,
        "company": "0" * 26,
        "bucket": 0,
        "epoch": 1,
        "version": 0,
        "command_id": "c",
        "refused": "not_found",
        "actor": {"type": "technician", "id": "t"},
        "time": 1,
        "record": stub,
    }
    JOURNAL.validate(good)
    for name in sorted(SECRETS):
        assert not JOURNAL.is_valid({**good, name: "x"}) and not JOURNAL.is_valid(
            {**good, "record": {**stub, name: "x"}}
        )
    assert not JOURNAL.is_valid({**good, "type": "session.created"})


def test_a_secret_is_refused_in_a_note_and_its_details():
    """The same of what is no transition: notes, sign-ins, changes of the directory, places in the audit log."""
    one = "0" * 26
    common = {"company": one, "bucket": 0, "epoch": 1, "actor": {"type": "technician", "id": one}, "time": 1}
    place = {"seq": 1, "prev": "0" * 64, "hash": "1" * 64}
    note = {"type": "audit.viewer_connected", "session": one, "details": {"conn_id": one}, "audit": place, **common}
    sign_in = {"type": "audit.signed_in", "id": one, "method": "password", "audit": place, **common}
    change = {"type": "directory.changed", "verb": "update", "kind": "technician", "id": one, "version": 2}
    change = {**change, "changed": "password,password_at", "audit": place, **common}
    for good in (note, sign_in, change):
        JOURNAL.validate(good)
        for name in sorted(SECRETS):
            assert not JOURNAL.is_valid({**good, name: "x"})
            assert not JOURNAL.is_valid({**good, "actor": {**good["actor"], name: "x"}})
            assert not JOURNAL.is_valid({**good, "audit": {**place, name: "x"}})
    for name in sorted(SECRETS):
        assert not JOURNAL.is_valid({**note, "details": {**note["details"], name: "x"}})
    assert not JOURNAL.is_valid({**change, "sealed": "s1.d1.AAAA"}), "sealed state is on beistand.directory only"


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    processes = Processes(
        tmp_path_factory.mktemp("suite"),
        INVITATION_TTL_MS="4000",
        MAIL_FROM="x@y.example",
        SMTP_URL="smtp://127.0.0.1:1",
    )
    for name in ("licensing", "sweeper", "gateway", "activation"):
        processes.add(name)
    processes.ready()
    yield processes
    codes = processes.stop()
    assert not any(codes.values()), codes


def messages(processes, topic):
    argv = [
        "kcat",
        "-C",
        "-q",
        "-e",
        "-b",
        processes.bootstrap,
        "-t",
        topic,
        "-o",
        "beginning",
        "-J",
        "-X",
        "fetch.wait.max.ms=5",
        "-X",
        "broker.address.family=v4",
    ]
    out = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    found = []
    for line in out.splitlines():
        message = json.loads(line)
        names = message["headers"][::2]
        assert len(names) == len(set(names)), names
        found.append((dict(zip(names, message["headers"][1::2])), message["key"], message["payload"]))
    return found


def play(processes):
    """One life with a refusal, another that only expires. Returns what must not be found."""
    company = processes.company()
    tina, tom = processes.technician(company), processes.technician(company)
    kim = processes.technician(company, role="administrator", permissions="adhoc_support")
    status, session = tina.create(
        send_email=True, customer_email="kim@example.com", customer_name="Kim", note="printer"
    )
    assert status == 201, session
    assert tina.create()[0] == 409
    status, again = tina.call("POST", f"/v1/sessions/{session['id']}/invitations", Idempotency_Key=secrets.token_hex(8))
    assert status == 201, again
    activate(processes, again, code=wrong(again["code_prefix"]))
    key = secrets.token_hex(8)
    status, active = activate(processes, again, key=key)
    assert status == 200, active
    assert kim.call("POST", f"/v1/sessions/{session['id']}/hand-over", {"technician": kim.id})[0] == 202
    assert kim.call("GET", f"/v1/sessions/{session['id']}/report?format=csv")[0] == 200
    status, computer = kim.call("POST", "/v1/computers", {"name": "Reception", "group": "Office"})
    assert status == 201, computer
    assert kim.call("PATCH", f"/v1/computers/{computer['id']}", {"note": "attic"})[0] == 200
    assert kim.call("DELETE", f"/v1/computers/{computer['id']}")[0] == 204
    status, made = kim.call("POST", "/v1/api-keys", {"name": "export", "scopes": ["all"]})
    assert status == 201, made
    assert kim.call("POST", f"/v1/sessions/{session['id']}/end")[0] == 202
    status, other = tom.create()
    assert status == 201, other

    def expired():
        return tom.call("GET", f"/v1/sessions/{other['id']}")[1]["status"] == "ended"

    wait_for(expired, 30, lambda: "the invitation's expiry")
    links = [s["install_url"].split("#")[1] for s in (session, again, other)]
    return [active["agent_token"], key, made["key"], *links, *(link.replace("-", "") for link in links)]


def test_every_message_of_a_life_fits_its_schema(suite):
    """Issue 2, item 1: commands, journal and what is due, by the real gateway, licensing, sweeper and activation."""
    hidden = play(suite)
    kinds = {
        "beistand.commands": {"session.create", "session.reinvite", "session.expire"},
        "beistand.journal": {
            "session.created",
            "session.refused",
            "session.reinvited",
            "session.activated",
            "session.ended",
            "invitation.attempt",
            "session.handed_over",
            "computer.added",
            "computer.changed",
            "computer.removed",
            "directory.changed",
            "audit.report_made",
        },
        "beistand.directory": {"directory.changed"},
    }

    def complete():
        return all(wanted <= {h["ce_type"] for h, _, _ in messages(suite, topic)} for topic, wanted in kinds.items())

    wait_for(complete, 20, lambda: "every kind of message")
    sources = {
        "beistand.commands": {"/beistand/gateway", "/beistand/sweeper"},
        "beistand.journal": {"/beistand/sweeper"},
        "beistand.directory": {"/beistand/sweeper"},
    }
    for topic, validator in (
        ("beistand.commands", COMMAND),
        ("beistand.journal", JOURNAL),
        ("beistand.directory", DIRECTORY),
    ):
        ids = []
        for headers, key, payload in messages(suite, topic):
            event = json.loads(payload)
            HEADERS.validate(headers)
            validator.validate(event)
            assert headers["ce_type"] == event["type"] and headers["ce_source"] in sources[topic]
            assert key == (event["id"] if topic == "beistand.directory" else event.get("session") or event["company"])
            if topic == "beistand.journal":
                assert ("prev" in event.get("audit", {})) == (event["type"] not in OF_NO_LOG), event["type"]
            assert not [text for text in hidden if text in payload]
            ids.append(headers["ce_id"])
        assert len(ids) == len(set(ids)) or topic == "beistand.commands", "a journal event came twice"


def test_a_poisoned_command_goes_to_the_dead_letters_with_headers(suite):
    """DESIGN 2: what cannot be read does not stop the partition; the operator finds it with its place and reason."""
    poison = "{not json"
    subprocess.run(
        [
            "kcat",
            "-P",
            "-b",
            suite.bootstrap,
            "-t",
            "beistand.commands",
            "-k",
            "poison",
            "-X",
            "broker.address.family=v4",
        ],
        input=poison,
        text=True,
        timeout=30,
        check=True,
    )
    wait_for(lambda: messages(suite, "beistand.dead-letter"), 20, lambda: "a dead letter")
    headers, _, payload = messages(suite, "beistand.dead-letter")[0]
    letter = json.loads(payload)
    HEADERS.validate(headers)
    assert (
        headers["ce_type"] == "dead-letter"
        and letter["value"] == poison
        and letter["topic"] == "beistand.commands"
        and letter["why"]
    )
