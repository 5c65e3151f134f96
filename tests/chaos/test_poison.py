"""Messages that nobody can handle, on every partition of each topic that is consumed: each goes to beistand.dead-letter with
where it came from and why, nobody dies of it, and what is behind it on the same partition is handled."""
import json
import random
import secrets
from base64 import urlsafe_b64decode

import pytest

from campaign import SIGKILLED
from flows import mails, new_technician, read_redis, wait_mail
from invariants import check_state
from stack import PARTITIONS, wait_until
from topics import messages, places, produce

KEY = "poison"
LETTER_MAX = 65536
ENV = {"INVITATION_TTL_MS": "86400000", "MAIL_RETRY_MS": "500"}
# A NUL, bytes that are no UTF-8, nothing, other kinds of JSON, and a megabyte (less what Kafka adds).
ANYWHERE = [b"not json {", b'{"type":"x"\0}' + b"\0" * 900, b"\xff\xfe\x80", b" ", b"[]", b"5", b'"text"', b"null", b'{"a":1,"a":2}',
            b"[" * 5000, b'{"type":' + b"[" * 30 + b"]" * 30 + b"}", b"{}", b'{"type":"never.heard.of"}',
            b'{"type":7,"session":{},"company":[],"record":"x","bucket":"y"}', random.Random(1).randbytes(999_000)]


@pytest.fixture(scope="module")
def suite(own_suite):
    return own_suite(env=ENV)


def command(tina, **members):
    """A create as the gateway makes it; members replace or (None) remove some of it."""
    args = {"send_email": False, "technician": tina.id, "idempotency": secrets.token_hex(32), "digest": secrets.token_hex(32),
            "session_ms": 20000, "invitation_ms": 20000, "removal_ms": 20000, **members.pop("args", {})}
    made = {"id": tina.company[:2] + secrets.token_hex(12), "type": "session.create", "bucket": 0, "session": tina.company, "company": tina.company,
            "actor": {"type": "technician", "id": tina.id}, "deadline": 1 << 42, "args": args, **members}
    return json.dumps({k: v for k, v in made.items() if v is not None}).encode()


def bad_commands(tina):
    return ANYWHERE + [
        command(tina, args={"idempotency": None}), command(tina, args={"session_ms": "soon"}),
        command(tina, args={"technician": {"id": 5}}), command(tina, deadline="tomorrow"), command(tina, deadline=None),
        command(tina, args={"customer_email": ["x"]}), command(tina, args={"send_email": "yes"}), command(tina, args={"technician": None}),
        command(tina, company=None), command(tina, id=None), command(tina, actor="me"), command(tina, company="0" * 26), command(tina, session="nobody"), command(tina, session=5), command(tina, type="session.remove"),
        command(tina, args={"digest": 5}), json.dumps({"id": "x", "type": "session.reinvite", "session": tina.company}).encode()]


def bad_events(tina):
    def event(**members):
        return json.dumps({"type": "session.created", "session": tina.company, "company": tina.company, **members}).encode()
    return ANYWHERE + [event(company=None), event(company="nobody"), event(session=5), event(record="invited"), event(type=None)]


def bad_dues(tina):
    def due(kind, **members):
        return json.dumps({"id": "due", "type": kind, **members}).encode()
    return ANYWHERE + [due("mail.send"), due("mail.send", session=5), due("mail.send", session="nobody"),
                       due("webhook.send", webhook=tina.company), due("webhook.send", delivery="x"), due("mail.sent", session=tina.company)]


def letters(suite, topic):
    """{(partition, offset) of the poison: its letter}."""
    found = [json.loads(m["payload"]) for m in messages(suite, "beistand.dead-letter")]
    return {(l["partition"], l["offset"]): l for l in found if l["topic"] == topic}


def check_letters(suite, topic, poison, by):
    produce(suite, topic, poison, KEY)
    mine = places(suite, topic, KEY)
    assert len(mine) == len(poison) * PARTITIONS
    wait_until(lambda: mine <= set(letters(suite, topic)), 60, lambda: f"no letter for {sorted(mine - set(letters(suite, topic)))[:9]}")
    told = letters(suite, topic)
    assert set(told) == mine
    for partition in range(PARTITIONS):
        here = [told[place] for place in sorted(mine) if place[0] == partition]
        for letter, value in zip(here, poison):
            kept = value[:LETTER_MAX]
            assert letter["by"] == by and letter["why"] and letter["size"] == len(value), letter
            text = letter.get("value")
            assert (text.encode() if text is not None else decoded(letter["value_base64url"])) == kept, letter["why"]
    return mine


def decoded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pids(suite):
    return {name: suite.process(name).pid for name in suite.everybody()}


def behind(rows, poison):
    """Partitions on which one of these (partition, offset) came after all poison."""
    last = {p: max(o for q, o in poison if q == p) for p in range(PARTITIONS)}
    return {p for p, o in rows if o > last[p]}


def test_poison_on_commands_is_a_dead_letter_and_the_partition_moves_on(suite, report):
    tina, before = new_technician(suite), pids(suite)
    poison = bad_commands(tina)
    mine = check_letters(suite, "beistand.commands", poison, "licensing")

    def handled():
        status, made = tina.create()
        assert status == 201, made
        assert tina.end(made["id"])[0] == 202
        done.extend(places(suite, "beistand.commands", made["id"]))
        return len(behind(done, mine)) == PARTITIONS
    done = []
    wait_until(handled, 120, lambda: f"creates behind poison on {behind(done, mine)} only")
    assert pids(suite) == before, "somebody died of it"
    assert not [k for k in read_redis(suite).scan_iter(f"*:leases:company:{tina.company}")], "a seat was taken"
    check_state(read_redis(suite))
    report.line(f"{len(mine)} poisoned commands, each a dead letter; {len(done)} commands behind them, on all partitions")


def test_poison_on_the_journal_is_a_dead_letter_and_mails_go_on(suite, report):
    tina, before = new_technician(suite), pids(suite)
    mine = check_letters(suite, "beistand.journal", bad_events(tina), "invitations")
    done = []

    def handled():
        address = f"c-{secrets.token_hex(4)}@example.com"
        status, made = tina.create(send_email=True, customer_email=address)  # the gateway reads the journal too
        assert status == 201, made
        wait_mail(suite, address)
        tina.wait(made["id"], lambda s: s["mail"]["state"] == "sent")
        assert tina.end(made["id"])[0] == 202
        done.extend(places(suite, "beistand.journal", made["id"]))
        return len(behind(done, mine)) == PARTITIONS
    wait_until(handled, 120, lambda: f"mails behind poison on {behind(done, mine)} only")
    assert pids(suite) == before, "somebody died of it"
    report.line(f"{len(mine)} poisoned events, each a dead letter; {len(done)} events of mails that were sent behind them, on all partitions")


def test_poison_on_mail_is_a_dead_letter_and_what_is_due_is_sent(suite, report):
    """The mail server was away, so these mails go out by their due times, which come on this topic."""
    before = pids(suite)
    team = [new_technician(suite) for _ in range(6)]
    mine = check_letters(suite, "beistand.mail", bad_dues(team[0]), "invitations")
    suite.stop("mail")
    made = {f"late-{secrets.token_hex(4)}@example.com": api for api in team}
    sids = {}
    for address, api in made.items():
        status, body = api.create(send_email=True, customer_email=address)
        assert status == 201, body
        sids[address] = body["id"]
        api.wait(body["id"], lambda s: s["mail"]["state"] == "mail_delayed")
    suite.start("mail")
    for address, api in made.items():
        wait_mail(suite, address, 60)
        api.wait(sids[address], lambda s: s["mail"]["state"] == "sent")
        assert api.end(sids[address])[0] == 202
    dues = [place for sid in sids.values() for place in places(suite, "beistand.mail", sid)]
    assert behind(dues, mine), "none was behind poison"
    assert pids(suite) == before, "somebody died of it"
    assert all(len(mails(suite, address)) == 1 for address in made)
    report.line(f"{len(mine)} poisoned dues, each a dead letter; {len(dues)} dues behind them on {len(behind(dues, mine))} partitions")


def test_a_licensing_killed_between_letter_and_ack_writes_it_again(suite):
    """At least once, with the same event id; the partition moves on."""
    for name in suite.instances("licensing"):
        suite.stop(name)
    suite.start("licensing-1", {"FAILPOINT": "licensing.buried"})
    suite.wait_ready(["licensing-1"], 30)
    produce(suite, "beistand.commands", [b"once more {"], "again", [3])
    wait_until(lambda: suite.process("licensing-1").exit_status == SIGKILLED, 30, lambda: "it reached licensing.buried")
    [suite.start(name) for name in suite.instances("licensing")]
    suite.wait_ready(seconds=60)
    place = places(suite, "beistand.commands", "again")

    def ids():
        return [m["headers"]["ce_id"] for m in messages(suite, "beistand.dead-letter") if json.loads(m["payload"])["why"]
                and (json.loads(m["payload"])["partition"], json.loads(m["payload"])["offset"]) in place
                and json.loads(m["payload"])["topic"] == "beistand.commands"]
    wait_until(lambda: len(ids()) >= 2, 30, lambda: f"letters: {ids()}")
    assert len(set(ids())) == 1
    tina = new_technician(suite)
    assert tina.create()[0] == 201
