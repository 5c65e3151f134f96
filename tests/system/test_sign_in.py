"""Signing in: second factor, recovery codes, limits that lock nobody else, the list of sign-ins and their end. S-70"""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import secrets
import struct
import time

import pytest

from people import (PASSWORD, Browser, ask, ends_within, event_stream, new_admin, new_company, new_person, reason, signed_in)
from processes import Processes, bucket_of, running, wait_for

OTHER = "another good one"


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("sign-in"), {"gateway": 2, "licensing": 1, "sweeper": 1}) as p:
        yield p


@pytest.fixture
def tina(plane):
    return new_person(plane, new_company(plane), password=PASSWORD)


def address():
    """Limits count addresses: each test comes from its own."""
    return ".".join(str(secrets.randbelow(254) + 1) for _ in range(4))


def totp(secret, at=None, step=0):
    counter = struct.pack(">Q", int((at or time.time()) // 30) + step)
    mac = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    value = struct.unpack(">I", mac[mac[19] & 15:][:4])[0] & 0x7FFFFFFF
    return f"{value % 1000000:06d}"


def fresh_code(secret, used):
    """A code that is valid now and whose step was not used before."""
    for step in (-1, 0, 1):
        number = int(time.time() // 30) + step
        if number > max(used, default=0):
            used.append(number)
            return totp(secret, step=step)
    wait_for(lambda: int(time.time() // 30) + 1 > max(used), 40, lambda: "the next step")
    return fresh_code(secret, used)


def wrong_code(secret):
    valid = {totp(secret, step=s) for s in range(-2, 4)}
    return next(c for c in (f"{n:06d}" for n in range(10)) if c not in valid)


def enroll(browser):
    """Switches the second factor on: (secret, recovery codes, used steps)."""
    answer = browser.call("POST", "/v1/me/totp")
    assert answer.status_code == 201, answer.text
    secret, used = answer.json()["secret"], []
    answer = browser.call("POST", "/v1/me/totp/confirm", {"code": fresh_code(secret, used)})
    assert answer.status_code == 200, answer.text
    return secret, answer.json()["recovery_codes"], used


# ---- password ----

def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(plane, tina):
    """S-36 unauthenticated"""
    browser = Browser(plane, address())
    wrong, unknown = browser.sign_in(tina.email, "not the password"), browser.sign_in("nobody-here@example.com", PASSWORD)
    for answer in (wrong, unknown):
        assert reason(answer) == (401, "unauthenticated") and "set-cookie" not in answer.headers
    assert {k: v for k, v in wrong.json().items() if k != "request_id"} == {k: v for k, v in unknown.json().items() if k != "request_id"}


@pytest.mark.parametrize("body", [{}, {"email": "a@b.de"}, {"email": 1, "password": "x"}, {"email": "a@b.de", "password": "x" * 300},
                                  {"email": "a@b.de", "password": "x", "extra": 1}, {"email": "a@b.de", "password": "x", "code": 123456}])
def test_malformed_sign_ins_are_refused(plane, body):
    assert reason(Browser(plane, address()).call("POST", "/v1/sign-in", body)) == (400, "invalid_request")


def test_a_new_password_ends_the_other_sign_ins(plane, tina):
    here, there = signed_in(plane, tina, address=address()), signed_in(plane, tina, address=address())
    stream = event_stream(plane, 1, Cookie=f"beistand_session={there.cookie}")
    assert reason(here.call("POST", "/v1/me/password", {"current_password": "wrong one here", "password": OTHER})) == (401, "unauthenticated")
    assert reason(here.call("POST", "/v1/me/password", {"current_password": PASSWORD, "password": "short"})) == (400, "invalid_request")
    assert here.call("POST", "/v1/me/password", {"current_password": PASSWORD, "password": OTHER}).status_code == 204
    assert ends_within(stream, 1)
    assert there.call("GET", "/v1/me", gateway=1).status_code == 401 and here.call("GET", "/v1/me").status_code == 200
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 401
    assert Browser(plane, address()).sign_in(tina.email, OTHER).status_code == 200


def test_an_api_key_cannot_change_what_belongs_to_the_person(plane, tina):
    for method, path, body in (("POST", "/v1/me/password", {"current_password": PASSWORD, "password": OTHER}),
                               ("POST", "/v1/me/totp", None), ("POST", "/v1/me/totp/confirm", {"code": "123456"}), ("DELETE", "/v1/me/totp", None)):
        assert reason(tina.call(method, path, body)) == (403, "permission_missing")


# ---- second factor ----

def test_the_second_factor_from_enrolment_to_sign_in(plane, tina):
    """RFC 6238"""
    browser = signed_in(plane, tina, address=address())
    answer = browser.call("POST", "/v1/me/totp").json()
    assert answer["otpauth_uri"].startswith("otpauth://totp/Beistand:") and answer["secret"] in answer["otpauth_uri"]
    assert browser.sign_in(tina.email, PASSWORD).status_code == 200, "not confirmed yet: nothing has changed"
    wrong = browser.call("POST", "/v1/me/totp/confirm", {"code": wrong_code(answer["secret"])})
    assert reason(wrong) == (401, "second_factor_required")
    secret, recovery, used = enroll(browser)
    assert len(recovery) == len(set(recovery)) == 10 and browser.call("GET", "/v1/me").json()["technician"]["second_factor"]
    assert reason(browser.call("POST", "/v1/me/totp")) == (409, "wrong_state")
    assert reason(Browser(plane, address()).sign_in(tina.email, PASSWORD)) == (401, "second_factor_required")
    assert reason(Browser(plane, address()).sign_in(tina.email, PASSWORD, wrong_code(secret))) == (401, "second_factor_required")
    assert reason(Browser(plane, address()).sign_in(tina.email, "wrong password", fresh_code(secret, list(used)))) == (401, "unauthenticated")
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD, fresh_code(secret, used)).status_code == 200
    assert browser.call("DELETE", "/v1/me/totp").status_code == 204
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 200


def test_each_code_is_good_for_one_sign_in(plane, tina):
    """RFC 6238 section 5.2: also for eight at once over two gateways, and not for the one that confirmed."""
    browser = signed_in(plane, tina, address=address())
    secret, _, used = enroll(browser)
    confirmed = totp(secret, at=used[-1] * 30)
    assert reason(Browser(plane, address()).sign_in(tina.email, PASSWORD, confirmed)) == (401, "second_factor_required")
    code = fresh_code(secret, used)
    at = [address() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: Browser(plane, at[i]).sign_in(tina.email, PASSWORD, code, gateway=i % 2), range(4)))
    assert sorted(a.status_code for a in answers) == [200, 401, 401, 401], [a.text for a in answers]
    older = totp(secret, at=(used[-1] - 1) * 30)
    assert Browser(plane, browser.address).sign_in(tina.email, PASSWORD, older).status_code == 401, "a step before the last one used"


def test_a_recovery_code_works_once(plane, tina):
    browser = signed_in(plane, tina, address=address())
    _, recovery, _ = enroll(browser)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda i: Browser(plane, browser.address).sign_in(tina.email, PASSWORD, recovery[0], gateway=i % 2), range(2)))
    assert sorted(a.status_code for a in answers) == [200, 401], [a.text for a in answers]
    assert Browser(plane, browser.address).sign_in(tina.email, PASSWORD, recovery[1].upper().replace("-", " ")).status_code == 200
    assert Browser(plane, browser.address).sign_in(tina.email, PASSWORD, "0000-0000-0000-0000").status_code == 401


def test_an_administrator_switches_a_lost_second_factor_off(plane):
    cid = new_company(plane)
    ada, tina = new_person(plane, cid, "administrator"), new_person(plane, cid, password=PASSWORD)
    enroll(signed_in(plane, tina, address=address()))
    assert ada.call("GET", f"/v1/technicians/{tina.id}")[1]["second_factor"]
    assert reason(ada.call("PATCH", f"/v1/technicians/{tina.id}", {"second_factor": True})) == (400, "invalid_request")
    assert not ada.call("PATCH", f"/v1/technicians/{tina.id}", {"second_factor": False})[1]["second_factor"]
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 200


def test_secrets_at_rest_are_sealed_or_hashed(plane, tina):
    browser = signed_in(plane, tina, address=address())
    secret, recovery, _ = enroll(browser)
    kept = json.dumps({k: plane.redis.hgetall(k) for k in plane.redis.scan_iter("*") if plane.redis.type(k) == "hash"})
    kept += json.dumps([plane.redis.xrange(k) for k in plane.redis.scan_iter("*:outbox")])
    for hidden in [secret, browser.cookie, *recovery, recovery[0].replace("-", "")]:
        assert hidden not in kept
    assert plane.redis.hget(f"{{s{bucket_of(tina.company):02d}}}:technician:{tina.id}", "totp").startswith("s1.d1.")


# ---- sign-ins ----

def test_the_list_of_sign_ins_and_the_end_of_one(plane, tina):
    """Effective within a second, open event streams included."""
    here = signed_in(plane, tina, address="192.0.2.10")
    there = signed_in(plane, tina, address="192.0.2.20",
                      agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36")
    listed = here.call("GET", "/v1/sign-ins").json()["sign_ins"]
    assert [(s["current"], s["address"], s["user_agent"], s["method"]) for s in sorted(listed, key=lambda s: s["address"])] == [
        (True, "192.0.2.10", "Firefox on Linux", "password"), (False, "192.0.2.20", "Chrome on Windows", "password")]
    assert there.cookie not in json.dumps(listed)
    other = next(s for s in listed if not s["current"])
    stream = event_stream(plane, 1, Cookie=f"beistand_session={there.cookie}")
    own = event_stream(plane, 1, Cookie=f"beistand_session={here.cookie}")
    assert here.call("DELETE", f"/v1/sign-ins/{other['id']}").status_code == 204
    assert ends_within(stream, 1) and not ends_within(own, 0.3)
    assert there.call("GET", "/v1/me", gateway=1).status_code == 401 and here.call("GET", "/v1/me", gateway=1).status_code == 200
    assert reason(here.call("DELETE", f"/v1/sign-ins/{other['id']}")) == (404, "not_found")
    assert len(here.call("GET", "/v1/sign-ins").json()["sign_ins"]) == 1


def test_administrators_see_and_end_sign_ins_of_their_company(plane):
    cid = new_company(plane)
    ada, tina, tom = new_person(plane, cid, "administrator"), new_person(plane, cid, password=PASSWORD), new_person(plane, cid)
    stranger = new_admin(plane)
    browser = signed_in(plane, tina, address=address())
    listed = ada.call("GET", f"/v1/sign-ins?technician={tina.id}")[1]["sign_ins"]
    assert len(listed) == 1 and listed[0]["technician"] == tina.id
    assert reason(tom.call("GET", f"/v1/sign-ins?technician={tina.id}")) == (403, "permission_missing")
    assert reason(stranger.call("GET", f"/v1/sign-ins?technician={tina.id}")) == (404, "not_found")
    assert reason(ada.call("GET", "/v1/sign-ins?technician=x")) == (400, "invalid_request")
    for client in (tom, stranger):
        assert reason(client.call("DELETE", f"/v1/sign-ins/{listed[0]['id']}")) == (404, "not_found")
    assert ada.call("DELETE", f"/v1/sign-ins/{listed[0]['id']}")[0] == 204
    assert browser.call("GET", "/v1/me").status_code == 401


def test_signing_out_ends_this_sign_in_only(plane, tina):
    here, there = signed_in(plane, tina, address=address()), signed_in(plane, tina, address=address())
    stream = event_stream(plane, 1, Cookie=f"beistand_session={here.cookie}")
    assert here.call("POST", "/v1/sign-out").status_code == 204
    assert ends_within(stream, 1)
    assert here.call("GET", "/v1/me").status_code == 401 and there.call("GET", "/v1/me").status_code == 200


def test_streams_are_ended_when_notices_may_have_been_lost(plane, tina):
    """The subscription broke: whatever was revoked meanwhile was not heard."""
    browser = signed_in(plane, tina, address=address())
    stream = event_stream(plane, 0, Cookie=f"beistand_session={browser.cookie}")
    plane.redis.client_kill_filter(_type="pubsub")
    assert ends_within(stream, 5)
    for service in plane.services:
        service.wait_ready()


def test_unsafe_methods_of_a_browser_need_the_pages_token(plane, tina):
    browser = signed_in(plane, tina, address=address())
    browser.csrf = "0" * 52
    assert reason(browser.call("POST", "/v1/me/totp")) == (401, "unauthenticated")
    assert reason(browser.call("DELETE", "/v1/me/totp", Origin="https://evil.example")) == (401, "unauthenticated")


# ---- limits ----

def test_guessing_from_one_address_is_stopped_and_hurts_nobody_else(plane, tina):
    """The owner signs in from elsewhere as ever: no lock."""
    attacker = Browser(plane, address())
    answers = [attacker.sign_in(tina.email, f"guess number {i:03d}", gateway=i % 2) for i in range(16)]
    refused = [a for a in answers if a.status_code == 429]
    assert len(refused) >= 4 and {a.status_code for a in answers} == {401, 429}
    for answer in refused:
        assert answer.json()["reason"] == "rate_limited" and 1 <= int(answer.headers["Retry-After"]) <= 300
        assert answer.json()["retry_after"] == int(answer.headers["Retry-After"])
    assert Browser(plane, attacker.address).sign_in(tina.email, PASSWORD).status_code == 429
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 200


def test_an_attacked_account_is_as_fast_as_ever_from_where_it_is_known(plane, tina):
    """Failures from everywhere delay strangers only."""
    home = signed_in(plane, tina, address=address())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: Browser(plane, address()).sign_in(tina.email, f"guess {i}", gateway=i % 2), range(12)))
    strange = time.monotonic()
    assert Browser(plane, address()).sign_in(tina.email, "one more guess").status_code == 401
    strange = time.monotonic() - strange
    known = time.monotonic()
    assert Browser(plane, home.address).sign_in(tina.email, PASSWORD).status_code == 200
    known = time.monotonic() - known
    assert strange > 3.5 and known < strange - 2, f"a stranger's guess took {strange:.2f} s, the owner's sign-in {known:.2f} s"
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 200, "slower, not locked"


def test_a_flood_from_one_address_does_not_fill_the_queue_of_passwords(plane, tina):
    """Argon2 has one thread: an address has at most two places in its queue."""
    attacker, alone = address(), time.monotonic()
    assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 200
    alone = time.monotonic() - alone
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        flood = [pool.submit(Browser(plane, attacker).sign_in, f"user{i}@example.com", "x" * 200) for i in range(40)]
        started = time.monotonic()
        assert Browser(plane, address()).sign_in(tina.email, PASSWORD).status_code == 200
        took = time.monotonic() - started
        statuses = {f.result().status_code for f in flood}
    assert statuses <= {401, 429} and 429 in statuses
    assert took < 8 * alone + 2, f"the owner waited {took:.2f} s; without the flood {alone:.2f} s"


def test_codes_cannot_be_guessed(plane, tina):
    """Who knows the password tries codes from many addresses: the few that are free are soon used up. The owner's known
    address has its own."""
    browser = signed_in(plane, tina, address=address())
    secret, _, used = enroll(browser)
    answers = [Browser(plane, address()).sign_in(tina.email, PASSWORD, wrong_code(secret), gateway=i % 2) for i in range(9)]
    assert [a.status_code for a in answers].count(401) == 5 and [a.status_code for a in answers].count(429) == 4
    assert Browser(plane, browser.address).sign_in(tina.email, PASSWORD, fresh_code(secret, used)).status_code == 200


def test_one_credential_cannot_take_the_api_from_the_others(tmp_path_factory):
    """429 with Retry-After, counted over both gateways; another key of the same person is not touched."""
    p = Processes(tmp_path_factory.mktemp("rate"), API_RATE="4")
    p.add("gateway", 2)
    p.add("sweeper")
    p.ready()
    try:
        busy, calm = new_admin(p), new_admin(p)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: ask(p, "GET", "/v1/me", key=busy.key, gateway=i % 2), range(60)))
        good = sum(a.status_code == 200 for a in answers)
        refused = [a for a in answers if a.status_code == 429]
        assert 20 <= good <= 40 and len(refused) == 60 - good
        assert all(a.json()["reason"] == "rate_limited" and int(a.headers["Retry-After"]) >= 1 for a in refused)
        assert calm.call("GET", "/v1/me")[0] == 200
        wait_for(lambda: busy.call("GET", "/v1/me")[0] == 200, 5)
    finally:
        assert set(p.stop().values()) == {0}


def test_a_large_limit_that_costs_no_round_trip_is_passed_by_few(tmp_path_factory):
    """Tokens are spent while they are fetched (docs/decisions/0024): at most sixteen too many at each gateway, for
    as long as somebody asks, and what that was is waited off."""
    rate, gateways = 64, 2
    p = Processes(tmp_path_factory.mktemp("large"), API_RATE=str(rate))
    p.add("gateway", gateways)
    p.add("sweeper")
    p.ready()
    try:
        busy = new_admin(p)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(lambda i: ask(p, "GET", "/v1/me", key=busy.key, gateway=i % gateways).status_code, range(3000)))
        took = time.monotonic() - began
        assert set(answers) == {200, 429}
        assert rate * 5 / 2 < answers.count(200) <= rate * (5 + took) + 16 * gateways
        wait_for(lambda: busy.call("GET", "/v1/me")[0] == 200, 5)
    finally:
        assert set(p.stop().values()) == {0}


def test_ipv6_neighbours_count_as_one(plane, tina):
    answers = [Browser(plane, f"2001:db8:1:2::{i:x}").sign_in(tina.email, f"guess {i:02d} guess") for i in range(1, 14)]
    assert 429 in {a.status_code for a in answers}
    assert Browser(plane, "2001:db8:1:3::1").sign_in(tina.email, PASSWORD).status_code == 200


def test_what_happened_is_told_without_secrets(plane, tina):
    """S-48: events for the audit log."""
    at = address()
    browser = Browser(plane, at)
    browser.sign_in(tina.email, "not the password")
    browser.sign_in(tina.email, PASSWORD)
    browser.call("POST", "/v1/sign-out")
    import subprocess
    wait_for(lambda: not [k for k in plane.redis.scan_iter("*:outbox") if plane.redis.xlen(k)], 10)
    out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", plane.bootstrap, "-t", "beistand.journal", "-o", "beginning", "-X",
                          "fetch.wait.max.ms=5", "-X", "broker.address.family=v4"], capture_output=True, text=True, timeout=60, check=True).stdout
    events = [e for e in map(json.loads, out.splitlines()) if e.get("company") == tina.company and e["type"].startswith("audit.")]
    assert [e["type"] for e in events] == ["audit.sign_in_refused", "audit.signed_in", "audit.signed_out"]
    assert {e["actor"]["id"] for e in events} == {tina.id} and {e["actor"]["address"] for e in events} == {at}
    assert events[0]["reason"] == "unauthenticated" and events[1]["method"] == "password"
    for hidden in (PASSWORD, browser.cookie, browser.csrf):
        assert hidden not in out
