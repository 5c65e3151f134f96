"""S-48: everything that happened is in the company's audit log, in order, exactly once, and every change of it shows."""
import concurrent.futures
import copy
import csv
import html.parser
import io
import json
import os
import random
import re
import secrets
import signal

import pytest
import requests

from audit import check_chain, export, pages_of, records_of, verify, wait_records, write_lines
from kept import Kept
from processes import ROOT, Processes, activate, bucket_of, running, wait_for, wrong_code

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("plane"), AUDIT_DAYS="30") as p:
        yield p


@pytest.fixture
def ada(plane):
    return plane.technician(plane.company(limit_technician=100, limit_company=100, seats=1000), role="administrator")


def call_from(client, address, method, path, body=None):
    return client.call(method, path, body, X_Forwarded_For=address, Idempotency_Key=secrets.token_hex(8))


def program_report(plane, session, token, event, address):
    service = next(s for s in plane.services if s.name == "activation")
    return requests.post(f"http://{service.listen}/agent/v1/sessions/{session['id']}/reports", json={"event": event}, timeout=5,
                         headers={"Authorization": f"Bearer {token}", "X-Forwarded-For": address}).status_code


def life_of_a_session(plane, client):
    """Created, a wrong code, activated, paired, ended by the customer: returns the session."""
    made = call_from(client, "198.51.100.7", "POST", "/v1/sessions",
                     {"send_email": False, "customer_email": "kim@example.com", "note": "a private note", "customer_name": "Kim"})[1]
    activate(plane, made, wrong_code(made["code_prefix"]))
    token = activate(plane, made)[1]["agent_token"]
    assert program_report(plane, made, token, "paired", "2001:db8::7") == 204
    assert program_report(plane, made, token, "ended_by_customer", "2001:db8::7") == 204
    return made


def test_the_log_says_who_what_when_and_from_where(plane, ada):
    """S-48"""
    made = life_of_a_session(plane, ada)
    records = wait_records(ada, 5)
    assert [r["type"] for r in records] == ["session.created", "invitation.attempt", "session.activated", "session.reported",
                                            "session.ended"]
    assert {r["session"] for r in records} == {made["id"]}
    created, attempt, activated, reported, ended = records
    assert created["actor"] == {"type": "technician", "id": ada.id, "name": "Tina Muster", "address": "198.51.100.7"}
    assert created["details"]["customer_email"] == "kim@example.com"
    assert attempt["actor"] == {"type": "program", "id": made["id"]} and attempt["details"] == {"attempts": "1"}
    assert activated["details"]["machine"]["name"] == "PC"
    assert reported["actor"]["address"] == ended["actor"]["address"] == "2001:db8::7"
    assert ended["reason"] == "ended_by_customer"
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", r["time"]) for r in records)
    assert [r["time"] for r in records] == sorted(r["time"] for r in records)
    check_chain(records, ada.company)


def test_no_content_and_no_secret_is_in_the_log(plane, ada):
    """S-47 S-48"""
    made = life_of_a_session(plane, ada)
    text = json.dumps(wait_records(ada, 5))
    token = made["install_url"].split("#")[1]
    for secret in ("a private note", token, token.replace("-", ""), ada.key[3:], "receipt_key", "agent_token", "activation_key"):
        assert secret not in text


def test_refusals_are_in_the_log_with_their_reason(plane):
    """S-30 S-48"""
    ada = plane.technician(plane.company(plan="trial"), role="administrator")
    assert ada.create()[1]["reason"] == "plan_excludes_adhoc"
    assert wait_records(ada, 1)[0]["reason"] == "plan_excludes_adhoc"


def test_parallel_work_of_many_companies_gives_one_gapless_chain_each(plane):
    """S-48: also with records of other companies of the same bucket in between."""
    clients = [plane.technician(plane.company(limit_technician=100, limit_company=100, seats=1000), role="administrator")
               for _ in range(6)]

    def work(i):
        made = clients[i % 6].create(gateway=i % 2)[1]
        clients[i % 6].call("POST", f"/v1/sessions/{made['id']}/end")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(120)))
    for client in clients:
        records = wait_records(client, 40)
        check_chain(records, client.company)
        assert [r["type"] for r in records].count("session.created") == 20
        assert len({r["id"] for r in records}) == len(records)


# ---- reading ----

def test_the_log_is_for_administrators_and_for_their_company(plane, ada):
    """S-24 S-48"""
    life_of_a_session(plane, ada)
    wait_records(ada, 5)
    tina = plane.technician(ada.company)
    for path in ("/v1/audit", "/v1/audit/export"):
        status, problem = tina.call("GET", path)
        assert (status, problem["reason"]) == (403, "permission_missing")
        assert requests.get(f"http://{ada.gateways[0].listen}{path}", timeout=5).status_code == 401
    other = plane.technician(plane.company(), role="administrator")
    assert other.call("GET", "/v1/audit")[1] == {"records": [], "next_cursor": None, "head": None}
    assert [line["type"] for line in export(other)] == ["beistand.audit", "beistand.audit.end"]


def test_a_foreign_session_of_the_same_bucket_shows_nothing(plane, ada):
    """S-36 not_found: a filter is no way around."""
    made = life_of_a_session(plane, ada)
    wait_records(ada, 5)
    neighbour = None
    while neighbour is None or bucket_of(neighbour.company) != bucket_of(ada.company):
        neighbour = plane.technician(plane.company(), role="administrator")
    neighbour.create()
    wait_records(neighbour, 1)
    assert neighbour.call("GET", f"/v1/audit?session={made['id']}")[1]["records"] == []


def test_pages_are_newest_first_and_complete(plane, ada):
    """S-70: cursor pagination."""
    for _ in range(7):
        ada.call("POST", f"/v1/sessions/{ada.create()[1]['id']}/end")
    wait_records(ada, 14)
    seen = pages_of(ada, 4)
    assert [r["seq"] for r in seen] == list(range(14, 0, -1)) and seen[::-1] == export(ada)[1:15]
    assert ada.call("GET", "/v1/audit?limit=1")[1]["head"]["seq"] >= 14
    for cursor in ("0", "1"):
        assert ada.call("GET", f"/v1/audit?cursor={cursor}")[1]["records"] == []


FILTERS = {
    "type=session.created": lambda r, v: r["type"] == "session.created",
    "type=invitation.*": lambda r, v: r["type"].startswith("invitation."),
    "actor={tid}": lambda r, v: r["actor"].get("id") == v["tid"],
    "session={sid}": lambda r, v: r["session"] == v["sid"],
    "session={sid}&type=session.*": lambda r, v: r["session"] == v["sid"] and r["type"].startswith("session."),
    "from={middle}": lambda r, v: r["time"] >= v["middle"],
    "to={middle}": lambda r, v: r["time"] < v["middle"],
    "from={middle}&to={middle}": lambda r, v: False,
    "from=2000-01-01&to=2001-01-01": lambda r, v: False,
    "from=2000-01-01T00:00Z": lambda r, v: True,
}


@pytest.mark.parametrize("query", FILTERS)
def test_filters(plane, ada, query):
    """S-48"""
    sid = life_of_a_session(plane, ada)["id"]
    life_of_a_session(plane, ada)
    records = wait_records(ada, 10)
    values = {"tid": ada.id, "sid": sid, "middle": records[5]["time"]}
    status, page = ada.call("GET", "/v1/audit?" + query.format(**values))
    assert status == 200 and page["next_cursor"] is None
    assert page["records"] == [r for r in reversed(records) if FILTERS[query](r, values)]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=", "cursor=x", "session=x", "type=A", "type=",
                                   "actor=%27", "from=yesterday", "to=2026-01-01T1", "from=2026-01-01T00:00:00%2B02:00",
                                   "cursor=99999999999999999999"])
def test_malformed_queries_are_refused(ada, query):
    """S-36 invalid_request"""
    status, problem = ada.call("GET", "/v1/audit?" + query)
    assert (status, problem["reason"]) == (400, "invalid_request")


# ---- the export ----

def test_an_export_is_itself_in_the_log(plane, ada):
    """S-48"""
    ada.create()
    export(ada)
    record = wait_records(ada, 1, types=["audit.exported"])[0]
    assert record["actor"]["id"] == ada.id and "head_seq" in record["details"]


def fill_log(plane, client, n):
    """n records by the same transition that the services use."""
    lua = ROOT / "proto" / "lua"
    note = plane.redis.register_script((lua / "common.lua").read_text() + "\n" + (lua / "note.lua").read_text())
    before = int(plane.redis.hget(f"{client.tag}:audit-head:{client.company}", "seq") or 0)
    for i in range(n):
        note(keys=[f"{client.tag}:company:{client.company}"], args=[json.dumps({
            "type": "audit.test", "company": client.company, "actor": {"type": "service", "id": "test"},
            "details": {"text": "x" * 600, "number": i}})])
    wait_for(lambda: int(plane.redis.hget(f"{client.tag}:audit-head:{client.company}", "seq") or 0) >= before + n, 60)


def rss_kb(service):
    text = open(f"/proc/{service.process.pid}/status", encoding="ascii").read()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def test_a_large_export_is_streamed_in_bounded_memory(plane, ada, tmp_path):
    """S-48: 8 MB of log to a client that reads slowly."""
    fill_log(plane, ada, 8000)
    gateway = ada.gateways[1]
    before = rss_kb(gateway)
    peak, size = 0, 0
    path = tmp_path / "export"
    with requests.get(f"http://{gateway.listen}/v1/audit/export", stream=True, timeout=60,
                      headers={"Authorization": f"Bearer {ada.key}"}) as answer, open(path, "wb") as out:
        for chunk in answer.iter_content(65536):
            size += out.write(chunk)
            peak = max(peak, rss_kb(gateway))
    assert size > 7_000_000
    assert peak - before < 3000, f"grew by {peak - before} kB"
    assert verify(path)[0] == 0


def test_an_export_whose_client_leaves_harms_nobody(plane, ada):
    fill_log(plane, ada, 2000)
    for _ in range(20):
        answer = requests.get(f"http://{ada.gateways[0].listen}/v1/audit/export", stream=True, timeout=60,
                              headers={"Authorization": f"Bearer {ada.key}"})
        assert answer.status_code == 200
        next(answer.iter_content(1000))
        answer.close()
    lines = wait_for(lambda: export(ada), 10)
    assert lines[-1]["records"] >= 2000


# ---- verify ----

def test_verify_accepts_an_export(plane, ada, tmp_path):
    """S-48: with nothing but the file."""
    life_of_a_session(plane, ada)
    wait_records(ada, 5)
    lines = export(ada)
    path = write_lines(tmp_path / "log", lines)
    status, answer = verify(path)
    assert status == 0 and answer["ok"] and answer["records"] == len(lines) - 2
    assert answer["head"] == lines[-1]["head"]["hash"] == lines[-2]["hash"]
    assert verify(path, lines[3]["hash"])[0] == 0
    status, answer = verify(path, "0" * 64)
    assert (status, answer["problem"]) == (1, "removed")


def leaves(value, path=()):
    if isinstance(value, dict):
        for name in value:
            yield from leaves(value[name], (*path, name))
    else:
        yield path, value


def tamper(lines, rng):
    """One change that changes what the log says. Returns its name."""
    first, last = 1, len(lines) - 2
    kind = rng.choice(["change", "drop member", "add member", "remove", "remove head", "remove tail", "swap", "repeat", "forge",
                       "cut lines", "rehash one"])
    i = rng.randint(first, last)
    if kind in ("change", "rehash one"):
        path, value = rng.choice(list(leaves(lines[i])))
        target = lines[i]
        for name in path[:-1]:
            target = target[name]
        target[path[-1]] = value + rng.choice([1, -1]) if isinstance(value, int) and not isinstance(value, bool) else f"{value}x"
        if kind == "rehash one" and path != ("hash",):
            from audit import hash_of
            lines[i]["hash"] = hash_of(lines[i])
    elif kind == "drop member":
        lines[i].pop(rng.choice(sorted(lines[i])))
    elif kind == "add member":
        lines[i]["details"]["added"] = "x"
    elif kind == "remove":
        del lines[i]
    elif kind == "remove head":
        del lines[first:rng.randint(first, last) + 1]
    elif kind == "remove tail":
        del lines[rng.randint(first, last):last + 1]
        fix_ends(lines)
    elif kind == "swap":
        j = rng.choice([k for k in range(first, last + 1) if k != i])
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == "repeat":
        lines.insert(rng.randint(first, last), copy.deepcopy(lines[i]))
    elif kind == "forge":
        forged = copy.deepcopy(lines[i])
        forged["details"] = {"forged": "x"}
        from audit import hash_of
        forged["hash"] = hash_of(forged)
        lines.insert(i, forged)
    elif kind == "cut lines":
        del lines[rng.randint(0, last + 1):]
    return kind


def fix_ends(lines):
    """A careful forger also repairs the first and the last line."""
    newest = lines[-2] if len(lines) > 2 else {"seq": 0, "hash": ""}
    for line in (lines[0], lines[-1]):
        line["head"] = {"seq": newest.get("seq", 0), "hash": newest.get("hash", "")}
    lines[-1]["records"] = len(lines) - 2


def test_random_tampering_is_always_found(plane, ada, tmp_path):
    """S-48: changed, removed (first, middle, last), reordered, inserted records; the published head is known."""
    life_of_a_session(plane, ada)
    life_of_a_session(plane, ada)
    wait_records(ada, 10)
    lines = export(ada)
    head = lines[-2]["hash"]
    rng = random.Random(secrets.randbits(64))
    missed, kinds = [], set()
    for number in range(600):
        tampered = copy.deepcopy(lines)
        kind = tamper(tampered, rng)
        if rng.random() < 0.5 and len(tampered) > 2 and tampered[-1]["type"] == "beistand.audit.end":
            fix_ends(tampered)
        kinds.add(kind)
        path = write_lines(tmp_path / f"log-{number}", tampered)
        status, answer = verify(path, head)
        if status != 1 or not answer["problem"]:
            missed.append((kind, answer))
        path.unlink()
    assert not missed and len(kinds) == 11


def test_removed_first_records_are_found_without_a_published_head(plane, ada, tmp_path):
    """S-48"""
    life_of_a_session(plane, ada)
    wait_records(ada, 5)
    lines = export(ada)
    for n in range(1, 5):
        path = write_lines(tmp_path / "log", [lines[0], *lines[1 + n:-1], {**lines[-1], "records": lines[-1]["records"] - n}])
        status, answer = verify(path)
        assert (status, answer["problem"]) == (1, "removed")


@pytest.mark.parametrize("text", ["", "{}", "[]\n", "{\n", "null\n", '{"type":"beistand.audit"}\n', "x" * 200_000, '{"a":1,"a":2}\n', "\x00\x01"])
def test_verify_refuses_what_is_no_export(tmp_path, text):
    path = tmp_path / "log"
    path.write_bytes(text.encode())
    status, answer = verify(path)
    assert status == 1 and answer["problem"] in ("incomplete", "unreadable", "changed", "removed", "inserted", "reordered")


# ---- faults ----

@pytest.mark.parametrize("point", ["sweeper.read", "sweeper.sent", "sweeper.produced", "sweeper.trimmed"])
def test_a_killed_sweeper_loses_and_repeats_no_record(plane, ada, point):
    """S-48: every event exactly once, whatever step the sweeper died in."""
    sweeper = next(s for s in plane.services if s.name == "sweeper")
    sweeper.stop()
    with Kept(sweeper, FAILPOINT=f"{point}:4") as kept:
        for _ in range(5):
            assert ada.call("POST", f"/v1/sessions/{ada.create()[1]['id']}/end")[0] == 202
    assert kept.deaths == 1
    sweeper.wait_ready()
    records = wait_records(ada, 10)
    check_chain(records, ada.company)
    assert len({r["id"] for r in records}) == len(records)
    by_type = [r["type"] for r in records]
    assert by_type.count("session.created") == by_type.count("session.ended") == 5


def test_two_sweepers_write_one_log(plane, ada):
    """S-48: a second one takes the buckets over while the first is stopped; the first is woken in the midst of it."""
    first = next(s for s in plane.services if s.name == "sweeper")
    second = plane.add("sweeper").wait_ready()
    before = set(holders(plane))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        load = [pool.submit(lambda: ada.call("POST", f"/v1/sessions/{ada.create()[1]['id']}/end")) for _ in range(40)]
        os.kill(first.process.pid, signal.SIGSTOP)
        wait_for(lambda: not before & set(holders(plane)), 20)
        os.kill(first.process.pid, signal.SIGCONT)
        for future in load:
            future.result()
    records = wait_records(ada, 80)
    check_chain(records, ada.company)
    assert len({r["id"] for r in records}) == len(records)
    second.stop()
    plane.services.remove(second)


def holders(plane):
    return [plane.redis.hget(f"{{s{b:02d}}}:lease", "holder") for b in range(64)]


# ---- retention, and what is journaled again ----

def test_old_records_are_cut_off_and_the_log_says_so(tmp_path_factory, tmp_path):
    """S-48: what retention removes does not look like tampering, and more than that does."""
    p = Processes(tmp_path_factory.mktemp("old"), AUDIT_DAYS="30", JOURNAL_AGAIN_MS="1000")
    try:
        p.add("gateway")
        for name in ("licensing", "sweeper"):
            p.add(name)
        p.ready()
        ada = p.technician(p.company(limit_technician=100, limit_company=100, seats=1000), role="administrator")
        old_records(p, ada, 25)
        ada.create()
        def cut():
            records = records_of(ada)
            return records if records[0]["seq"] == 26 else None
        records = wait_for(cut, 20, lambda: records_of(ada)[0])
        trimmed = [r for r in records if r["type"] == "audit.trimmed"]
        assert trimmed and trimmed[0]["details"]["seq"] == 25 and trimmed[0]["details"]["hash"] == records[0]["prev"]
        lines = export(ada)
        assert verify(write_lines(tmp_path / "log", lines))[0] == 0
        without = [line for line in lines if line.get("seq") != 26]
        without[-1] = {**without[-1], "records": without[-1]["records"] - 1}
        status, answer = verify(write_lines(tmp_path / "log", without))
        assert (status, answer["problem"]) == (1, "removed")
    finally:
        p.stop()


def old_records(plane, client, n):
    """n records of 40 days ago, made by the sweeper of events that say so."""
    day = 24 * 3600 * 1000
    now = int(plane.redis.time()[0]) * 1000
    for i in range(n):
        plane.redis.xadd(f"{client.tag}:outbox", {"e": json.dumps({
            "type": "audit.test", "company": client.company, "time": now - 40 * day + i, "bucket": bucket_of(client.company),
            "actor": {"type": "service"}, "details": {}})})
    plane.redis.publish("beistand.outbox", bucket_of(client.company))
    wait_for(lambda: plane.redis.hget(f"{client.tag}:audit-head:{client.company}", "seq") == str(n), 10)


# ---- the session's report ----

class Page(html.parser.HTMLParser):
    """Text and tags of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def report(client, sid, query):
    return requests.get(f"http://{client.gateways[0].listen}/v1/sessions/{sid}/report?{query}", timeout=10,
                        headers={"Authorization": f"Bearer {client.key}"})


def test_the_report_has_the_session_and_its_records(plane, ada):
    """S-48"""
    made = life_of_a_session(plane, ada)
    wait_records(ada, 5)
    answer = report(ada, made["id"], "format=json").json()
    assert answer["session"]["id"] == made["id"] and answer["session"]["reason"] == "ended_by_customer"
    assert "install_url" not in answer["session"]
    assert answer["records"] == records_of(ada)[:5]
    assert wait_records(ada, 1, types=["audit.report_made"])[0]["details"] == {"format": "json"}


def test_an_open_invitations_report_has_no_link(plane, ada):
    """S-2 S-48: a report is passed around; a link in it would let others in."""
    made = ada.create()[1]
    wait_records(ada, 1)
    token = made["install_url"].split("#")[1]
    for form in ("json", "csv", "html"):
        assert token not in report(ada, made["id"], f"format={form}").text


def test_csv_is_well_formed_and_harmless_in_a_spreadsheet(plane, ada):
    """S-48: a name like =HYPERLINK(…) is text, not a formula."""
    evil = '=HYPERLINK("http://evil.example";"x")'
    plane.redis.hset(f"{ada.tag}:technician:{ada.id}", "name", evil)
    made = ada.create(customer_name="@SUM(1)")[1]
    wait_records(ada, 1)
    answer = report(ada, made["id"], "format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8" and "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), strict=True))
    assert rows[0]["type"] == "session.created" and rows[0]["actor_name"] == "'" + evil
    assert all(not re.match(r"[=+\-@\t\r]", cell) for row in rows for cell in row.values())
    assert json.loads(rows[0]["details"])["customer_name"] == "@SUM(1)"


def test_the_page_is_in_seven_languages_that_differ(plane, ada):
    """S-48 S-72"""
    made = life_of_a_session(plane, ada)
    wait_records(ada, 5)
    titles, pages = set(), {}
    for language in LANGUAGES:
        answer = report(ada, made["id"], f"format=html&lang={language}")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        page = Page(answer.text)
        assert ("html", {"lang": language}) in page.tags
        titles.add(page.text[page.text.index(next(t for t in page.text if t.strip()))])
        pages[language] = "\n".join(page.text)
    assert len(titles) == 7
    assert "Code" in pages["de"] and "ended_by_customer" in pages["fr"] and "kim@example.com" in pages["nl"]
    by_header = requests.get(f"http://{ada.gateways[0].listen}/v1/sessions/{made['id']}/report?format=html", timeout=10,
                             headers={"Authorization": f"Bearer {ada.key}", "Accept-Language": "pt-BR,pt;q=0.9"})
    assert ("html", {"lang": "pt"}) in Page(by_header.text).tags


def test_values_cannot_break_out_of_the_page(plane, ada):
    """S-48: escaping, and no script at all."""
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    plane.redis.hset(f"{ada.tag}:technician:{ada.id}", "name", evil)
    made = ada.create(customer_name=evil)[1]
    wait_records(ada, 1)
    answer = report(ada, made["id"], "format=html")
    page = Page(answer.text)
    assert not [tag for tag, attrs in page.tags if tag in ("script", "img") or any(a.startswith("on") for a in attrs)]
    assert evil in "".join(page.text)
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_the_report_is_for_who_may_see_the_session(plane, ada):
    """S-29 S-48"""
    tina, tom = plane.technician(ada.company), plane.technician(ada.company)
    made = tina.create()[1]
    wait_records(ada, 1)
    assert report(tina, made["id"], "").status_code == 200
    assert report(ada, made["id"], "").status_code == 200
    assert report(tom, made["id"], "").json()["reason"] == "not_found"
    assert report(plane.technician(plane.company(), role="administrator"), made["id"], "").json()["reason"] == "not_found"
    assert report(tina, made["id"], "format=pdf").json()["reason"] == "invalid_request"
