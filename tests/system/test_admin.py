"""Company administration: the company, its people, their API keys. S-24 S-70"""
import concurrent.futures
import json
import secrets
import time

import pytest

from people import (PASSWORD, Browser, ask, directory_events, ends_within, event_stream, new_admin, new_company, new_email,
                    new_person, reason, signed_in)
from processes import Client, bucket_of, running, wait_for


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("admin")) as p:
        yield p


@pytest.fixture
def ada(plane):
    """An administrator with both permissions, in a new company."""
    return new_admin(plane)


def add(admin, **fields):
    body = {"name": "Tom Neu", "email": new_email("tom"), **fields}
    return admin.call("POST", "/v1/technicians", body)


def redis_hash(plane, kind, owner, name):
    return plane.redis.hgetall(f"{{s{bucket_of(owner):02d}}}:{kind}:{name}")


# ---- the company ----

def test_everybody_reads_the_company_and_administrators_change_it(plane, ada):
    """S-70"""
    tina = new_person(plane, ada.company)
    status, company = tina.call("GET", "/v1/company")
    assert status == 200 and company["name"] == "Muster GmbH" and company["plan"] == "premier" and "oidc" not in company
    assert reason(tina.call("PATCH", "/v1/company", {"name": "Mine"})) == (403, "permission_missing")
    status, changed = ada.call("PATCH", "/v1/company", {"name": "Neu GmbH", "contact": "+49 89 1"})
    assert status == 200 and (changed["name"], changed["contact"]) == ("Neu GmbH", "+49 89 1")
    assert changed["version"] == company["version"] + 1
    assert tina.call("GET", "/v1/me")[1]["company"]["name"] == "Neu GmbH"


@pytest.mark.parametrize("body", [{"plan": "base"}, {"seats": 999}, {"name": ""}, {"name": "a\nb"}, {"name": None}, {"oidc": {"issuer": "x"}},
                                  {"oidc": {"issuer": "https://idp.example", "client_id": 7}}, {"limits": {"company": 9}}])
def test_a_company_cannot_change_its_licence_nor_write_nonsense(ada, body):
    assert reason(ada.call("PATCH", "/v1/company", body)) == (400, "invalid_request")


def test_a_change_made_from_an_old_version_is_refused(plane, ada):
    """ETag and If-Match"""
    etag = ask(plane, "GET", "/v1/company", key=ada.key).headers["ETag"]
    assert ask(plane, "PATCH", "/v1/company", {"name": "One"}, key=ada.key, If_Match=etag).status_code == 200
    answer = ask(plane, "PATCH", "/v1/company", {"name": "Two"}, key=ada.key, If_Match=etag)
    assert reason(answer) == (412, "precondition_failed")
    tom = add(ada)[1]
    path = f"/v1/technicians/{tom['id']}"
    etag = ask(plane, "GET", path, key=ada.key).headers["ETag"]
    answer = ask(plane, "PATCH", path, {"name": "Tom Alt"}, key=ada.key, If_Match=etag)
    assert answer.status_code == 200 and answer.headers["ETag"] != etag
    assert reason(ask(plane, "DELETE", path, key=ada.key, If_Match=etag)) == (412, "precondition_failed")


def test_parallel_changes_lose_nothing(ada):
    """Twenty writers of different fields and values: every one is counted, none overwrites another's field."""
    before = ada.call("GET", "/v1/company")[1]["version"]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        bodies = [{"name": f"N{i}"} if i % 2 else {"contact": f"C{i}"} for i in range(20)]
        answers = list(pool.map(lambda b: ada.call("PATCH", "/v1/company", b, gateway=secrets.randbelow(2)), bodies))
    good = sum(status == 200 for status, _ in answers)
    after = ada.call("GET", "/v1/company")[1]
    assert good >= 10 and after["version"] == before + good
    assert after["name"].startswith("N") and after["contact"].startswith("C")


# ---- people ----

def test_a_new_technician_gets_a_link_sets_a_password_and_signs_in(plane, ada):
    """S-70"""
    status, tom = add(ada, permissions=["adhoc_support"])
    assert status == 201 and tom["role"] == "technician" and tom["permissions"] == ["adhoc_support"]
    assert not tom["password_set"] and tom["activate_expires_at"]
    token = tom["activate_url"].rsplit("/", 1)[1]
    body = {"token": token, "password": PASSWORD}
    assert ask(plane, "POST", "/v1/account/activate", body).status_code == 204
    assert reason(ask(plane, "POST", "/v1/account/activate", body)) == (404, "not_found")
    browser = Browser(plane)
    assert browser.sign_in(tom["email"].upper(), PASSWORD).status_code == 200
    assert ada.call("GET", f"/v1/technicians/{tom['id']}")[1]["password_set"]


def test_the_same_idempotency_key_makes_one_technician(plane, ada):
    """Also when the first answer got lost: the link is the same."""
    body = {"name": "Tom", "email": new_email()}
    first, again = (ask(plane, "POST", "/v1/technicians", body, key=ada.key, Idempotency_Key="make-tom-once") for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    other = ask(plane, "POST", "/v1/technicians", {**body, "name": "Tim"}, key=ada.key, Idempotency_Key="make-tom-once")
    assert reason(other) == (422, "idempotency_conflict")


def test_one_address_signs_one_person_in(plane, ada):
    email = new_email()
    other = new_admin(plane)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: add((ada, other)[i % 2], email=email if i % 4 else email.upper()), range(8)))
    assert sorted(status for status, _ in made) == [201] + [409] * 7
    assert {body["reason"] for status, body in made if status == 409} == {"email_taken"}


def test_an_address_can_be_changed_and_is_free_again(plane, ada):
    old, new = new_email(), new_email()
    tom = add(ada, email=old)[1]
    assert add(ada, email=old)[0] == 409
    status, changed = ada.call("PATCH", f"/v1/technicians/{tom['id']}", {"email": new})
    assert status == 200 and changed["email"] == new
    assert add(ada, email=new)[0] == 409
    assert add(ada, email=old)[0] == 201
    assert ada.call("DELETE", f"/v1/technicians/{tom['id']}")[0] == 204
    assert add(ada, email=new)[0] == 201


def test_a_claim_that_a_crash_left_behind_is_taken_over(plane, ada):
    """The claim of an address lies in another bucket than its person."""
    import hashlib
    email = new_email()
    digest = hashlib.sha256(email.encode()).hexdigest()
    key = f"{{s{int(digest[:2], 16) % 64:02d}}}:login:{digest}"
    ghost = ada.id[:-1] + ("0" if ada.id[-1] != "0" else "4")
    plane.redis.set(key, f"{ghost}:{ada.company}:{int(time.time() * 1000)}")
    assert reason(add(ada, email=email)) == (409, "email_taken")
    plane.redis.set(key, f"{ghost}:{ada.company}:{int(time.time() * 1000) - 61000}")
    assert add(ada, email=email)[0] == 201


@pytest.mark.parametrize("body", [{"name": ""}, {"role": "king"}, {"permissions": ["fly"]}, {"permissions": "adhoc_support"},
                                  {"permissions": ["adhoc_support", "adhoc_support"]}, {"x": 1}, {"disabled": "yes"}])
def test_malformed_people_are_refused(ada, body):
    assert reason(add(ada, **body)) == (400, "invalid_request")
    assert reason(add(ada, email="nobody")) == (422, "invalid_email")


def test_technicians_manage_nobody(plane, ada):
    """S-24"""
    tina, tom = new_person(plane, ada.company), add(ada)[1]
    calls = [("GET", "/v1/technicians", None), ("GET", f"/v1/technicians/{tom['id']}", None), ("POST", "/v1/technicians", {}),
             ("PATCH", f"/v1/technicians/{tom['id']}", {"name": "x"}), ("DELETE", f"/v1/technicians/{tom['id']}", None),
             ("POST", f"/v1/technicians/{tom['id']}/reset-link", None)]
    for method, path, body in calls:
        assert reason(tina.call(method, path, body)) == (403, "permission_missing"), (method, path)
    assert tina.call("GET", f"/v1/technicians/{tina.id}")[1]["id"] == tina.id


def test_another_companys_people_do_not_exist(plane, ada):
    other = new_admin(plane)
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert reason(other.call(method, f"/v1/technicians/{ada.id}", body)) == (404, "not_found")
    assert reason(other.call("POST", f"/v1/technicians/{ada.id}/reset-link")) == (404, "not_found")
    # Also when both companies lie in the same bucket.
    while bucket_of(other.company) != bucket_of(ada.company):
        other.company = new_company(plane)
    neighbour = new_person(plane, other.company, "administrator")
    assert reason(neighbour.call("GET", f"/v1/technicians/{ada.id}")) == (404, "not_found")


def test_nobody_grants_what_they_do_not_hold(plane):
    """S-24"""
    cid = new_company(plane)
    half = new_person(plane, cid, "administrator", "adhoc_support")
    whole = new_person(plane, cid, "administrator")
    assert reason(add(half, permissions=["full_remote_control"])) == (403, "permission_missing")
    tom = add(half, permissions=["adhoc_support"])[1]
    path = f"/v1/technicians/{tom['id']}"
    assert reason(half.call("PATCH", path, {"permissions": ["adhoc_support", "full_remote_control"]})) == (403, "permission_missing")
    assert reason(half.call("PATCH", f"/v1/technicians/{half.id}", {"permissions": ["adhoc_support", "full_remote_control"]}))[0] == 403
    assert whole.call("PATCH", path, {"permissions": ["adhoc_support", "full_remote_control"]})[0] == 200
    # What somebody has stays when others of their fields change, and can be taken away by whoever does not hold it.
    assert half.call("PATCH", path, {"name": "Tom"})[1]["permissions"] == ["adhoc_support", "full_remote_control"]
    # Nor does anybody take over the account of somebody who holds more.
    assert reason(half.call("POST", path + "/reset-link")) == (403, "permission_missing")
    assert reason(half.call("PATCH", path, {"second_factor": False})) == (403, "permission_missing")
    assert reason(half.call("PATCH", path, {"email": new_email()})) == (403, "permission_missing")
    provider = {"oidc": {"issuer": "https://idp.example/x", "client_id": "c", "client_secret": "s"}}
    assert reason(half.call("PATCH", "/v1/company", provider)) == (403, "permission_missing")
    assert reason(half.call("PATCH", "/v1/company", {"oidc": None})) == (403, "permission_missing")
    assert whole.call("PATCH", "/v1/company", provider)[0] == 200 and half.call("PATCH", "/v1/company", {"name": "New"})[0] == 200
    assert whole.call("POST", path + "/reset-link")[0] == 201
    assert half.call("PATCH", path, {"permissions": []})[0] == 200


def test_the_last_administrator_stays(ada, plane):
    """S-24"""
    path = f"/v1/technicians/{ada.id}"
    for method, body in (("PATCH", {"role": "technician"}), ("PATCH", {"disabled": True}), ("DELETE", None)):
        assert reason(ada.call(method, path, body)) == (409, "last_administrator")
    bob = new_person(plane, ada.company, "administrator")
    assert ada.call("PATCH", path, {"role": "technician"})[0] == 200
    assert reason(ada.call("PATCH", path, {"role": "administrator"})) == (403, "permission_missing")
    assert reason(bob.call("DELETE", f"/v1/technicians/{bob.id}")) == (409, "last_administrator")


def test_two_administrators_who_remove_each_other_leave_one(plane):
    """S-24, thirty times at once."""
    for _ in range(30):
        cid = new_company(plane)
        pair = [new_person(plane, cid, "administrator") for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda i: pair[i].call("DELETE", f"/v1/technicians/{pair[1 - i].id}", gateway=i), range(2)))
        assert sorted(status for status, _ in answers)[0] == 204 and sum(status == 204 for status, _ in answers) == 1
        assert plane.redis.scard(f"{{s{bucket_of(cid):02d}}}:company-administrators:{cid}") == 1


def test_disabling_ends_sign_ins_streams_and_keys(plane, ada):
    """S-70: within a second, on every gateway."""
    tina = new_person(plane, ada.company, password=PASSWORD)
    browser = signed_in(plane, tina)
    streams = [event_stream(plane, 0, Authorization=f"Bearer {tina.key}"),
               event_stream(plane, 1, Cookie=f"beistand_session={browser.cookie}")]
    assert ada.call("PATCH", f"/v1/technicians/{tina.id}", {"disabled": True})[1]["disabled"]
    for stream in streams:
        assert ends_within(stream, 1)
    assert reason(tina.call("GET", "/v1/me", gateway=1)) == (401, "unauthenticated")
    assert reason(browser.call("GET", "/v1/me")) == (401, "unauthenticated")
    assert Browser(plane).sign_in(tina.email, PASSWORD).status_code == 401
    assert ada.call("PATCH", f"/v1/technicians/{tina.id}", {"disabled": False})[0] == 200
    assert browser.call("GET", "/v1/me").status_code == 401, "a sign-in that was ended came back"
    assert Browser(plane).sign_in(tina.email, PASSWORD).status_code == 200


def test_removing_takes_keys_and_sign_ins_along_but_waits_for_the_open_session(plane, ada):
    tina = new_person(plane, ada.company, password=PASSWORD)
    browser = signed_in(plane, tina)
    made = tina.create()[1]
    assert reason(ada.call("DELETE", f"/v1/technicians/{tina.id}")) == (409, "wrong_state")
    assert ada.call("POST", f"/v1/sessions/{made['id']}/end")[0] == 202
    assert ada.call("DELETE", f"/v1/technicians/{tina.id}")[0] == 204
    assert browser.call("GET", "/v1/me").status_code == 401 and tina.call("GET", "/v1/me")[0] == 401
    assert reason(ada.call("GET", f"/v1/technicians/{tina.id}")) == (404, "not_found")
    tag = f"{{s{bucket_of(ada.company):02d}}}"
    assert not [k for k in plane.redis.scan_iter(f"{tag}:*{tina.id}*") if ":leases:" not in k]


def test_a_reset_link_works_once_and_only_the_newest(plane, ada):
    tina = new_person(plane, ada.company, password=PASSWORD)
    browser = signed_in(plane, tina)
    links = [ada.call("POST", f"/v1/technicians/{tina.id}/reset-link")[1]["url"] for _ in range(2)]
    tokens = [link.rsplit("/", 1)[1] for link in links]
    assert browser.call("GET", "/v1/me").status_code == 200, "making a link changes nothing yet"
    body = {"password": "another good one"}
    assert reason(ask(plane, "POST", "/v1/account/activate", {"token": tokens[0], **body})) == (404, "not_found")
    assert reason(ask(plane, "POST", "/v1/account/activate", {"token": tokens[1], "password": "short"})) == (400, "invalid_request")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        used = list(pool.map(lambda i: ask(plane, "POST", "/v1/account/activate", {"token": tokens[1], **body}, gateway=i % 2).status_code,
                             range(4)))
    assert sorted(used) == [204, 404, 404, 404]
    assert browser.call("GET", "/v1/me").status_code == 401
    assert Browser(plane).sign_in(tina.email, PASSWORD).status_code == 401
    assert Browser(plane).sign_in(tina.email, "another good one").status_code == 200


def test_the_list_of_people_comes_in_pages(ada):
    made = {add(ada)[1]["id"] for _ in range(12)} | {ada.id}
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        status, page = ada.call("GET", f"/v1/technicians?limit=5{'&cursor=' + cursor if cursor else ''}")
        assert status == 200 and len(page["technicians"]) <= 5
        seen += [t["id"] for t in page["technicians"]]
        cursor, pages = page["next_cursor"], pages + 1
        if pages == 1:
            add(ada)  # newer than what was read: neither repeats nor hides anything
    assert len(seen) == len(set(seen)) and set(seen) == made
    for bad in ("limit=0", "limit=101", "limit=x", "cursor=x", "cursor=0000000000000:*"):
        assert reason(ada.call("GET", f"/v1/technicians?{bad}")) == (400, "invalid_request")


# ---- API keys ----

def make_key(client, scopes=("all",), **fields):
    return client.call("POST", "/v1/api-keys", {"name": "my script", "scopes": list(scopes), **fields})


def as_client(plane, client, made):
    return Client(plane, made["key"], client.id, client.company)


def test_a_key_is_shown_once_and_works_until_revoked(plane, ada):
    """S-70"""
    status, made = make_key(ada)
    assert status == 201 and made["key"].startswith("bk_") and made["expires_at"] is None
    key = as_client(plane, ada, made)
    assert key.call("GET", "/v1/me")[0] == 200
    stream = event_stream(plane, 1, Authorization=f"Bearer {made['key']}")
    listed = ada.call("GET", "/v1/api-keys")[1]["api_keys"]
    assert made["id"] in {k["id"] for k in listed} and made["key"] not in json.dumps(listed)
    assert ada.call("DELETE", f"/v1/api-keys/{made['id']}")[0] == 204
    assert ends_within(stream, 1)
    assert reason(key.call("GET", "/v1/me", gateway=1)) == (401, "unauthenticated")
    assert reason(ada.call("DELETE", f"/v1/api-keys/{made['id']}")) == (404, "not_found")
    assert made["id"] not in {k["id"] for k in ada.call("GET", "/v1/api-keys")[1]["api_keys"]}


def test_the_same_idempotency_key_gives_the_same_api_key(plane, ada):
    body = {"name": "x", "scopes": ["sessions"]}
    first, again = (ask(plane, "POST", "/v1/api-keys", body, key=ada.key, Idempotency_Key="one-key-please", gateway=i) for i in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert sum(k["name"] == "x" for k in ada.call("GET", "/v1/api-keys")[1]["api_keys"]) == 1
    other = ask(plane, "POST", "/v1/api-keys", {**body, "scopes": ["all"]}, key=ada.key, Idempotency_Key="one-key-please")
    assert reason(other) == (422, "idempotency_conflict")


@pytest.mark.parametrize("scopes, allowed, refused", [
    (["sessions:read"], [("GET", "/v1/sessions"), ("GET", "/v1/me")], [("POST", "/v1/sessions"), ("GET", "/v1/company"), ("GET", "/v1/technicians")]),
    (["sessions"], [("GET", "/v1/sessions"), ("POST", "/v1/sessions")], [("GET", "/v1/company"), ("POST", "/v1/api-keys")]),
    (["company:read"], [("GET", "/v1/company"), ("GET", "/v1/technicians")], [("PATCH", "/v1/company"), ("GET", "/v1/sessions")]),
    (["all:read"], [("GET", "/v1/company"), ("GET", "/v1/sessions")], [("PATCH", "/v1/company"), ("POST", "/v1/sessions")]),
    (["audit", "webhooks:read"], [("GET", "/v1/me")], [("GET", "/v1/sessions"), ("GET", "/v1/company")]),
])
def test_a_key_does_what_its_scopes_say(plane, ada, scopes, allowed, refused):
    """S-70"""
    key = as_client(plane, ada, make_key(ada, scopes)[1])
    for method, path in allowed:
        assert key.call(method, path, {} if method != "GET" else None)[0] in (200, 400), (method, path)
    for method, path in refused:
        assert reason(key.call(method, path, {} if method != "GET" else None)) == (403, "permission_missing"), (method, path)


def test_a_key_makes_no_stronger_and_no_longer_key(plane, ada):
    """Nobody grants what they do not hold: keys neither."""
    weak = as_client(plane, ada, make_key(ada, ["company", "sessions:read"], expires_in_days=1)[1])
    assert reason(make_key(weak, ["all"])) == (403, "permission_missing")
    assert reason(make_key(weak, ["sessions"])) == (403, "permission_missing")
    status, made = make_key(weak, ["company:read", "sessions:read"], expires_in_days=30)
    assert status == 201
    parent = ada.call("GET", "/v1/api-keys")[1]["api_keys"]
    assert made["expires_at"] == next(k["expires_at"] for k in parent if k["scopes"] == ["company", "sessions:read"])


def test_an_expired_key_is_refused(plane, ada):
    made = make_key(ada, expires_in_days=1)[1]
    key = as_client(plane, ada, made)
    assert key.call("GET", "/v1/me")[0] == 200
    tag = f"{{s{bucket_of(ada.company):02d}}}"
    name = plane.redis.get(f"{tag}:key-id:{made['id']}")
    plane.redis.hset(f"{tag}:key:{name}", "expires_at", int(time.time() * 1000) - 1)
    assert reason(key.call("GET", "/v1/me")) == (401, "unauthenticated")


@pytest.mark.parametrize("body", [{"scopes": []}, {"scopes": ["fly"]}, {"scopes": ["sessions:write"]}, {"scopes": "all"}, {"name": ""},
                                  {"expires_in_days": 0}, {"expires_in_days": "7"}, {"expires_in_days": 4000}, {"technician": "x"}])
def test_malformed_keys_are_refused(ada, body):
    assert reason(make_key(ada, **body)) == (400, "invalid_request")


def test_everybody_has_own_keys_and_administrators_revoke_all(plane, ada):
    tina = new_person(plane, ada.company)
    made = make_key(tina, ["sessions"])[1]
    assert made["technician"] == tina.id
    assert {k["technician"] for k in tina.call("GET", "/v1/api-keys")[1]["api_keys"]} == {tina.id}
    assert {k["technician"] for k in ada.call("GET", "/v1/api-keys")[1]["api_keys"]} == {tina.id, ada.id}
    assert {k["technician"] for k in ada.call("GET", f"/v1/api-keys?technician={tina.id}")[1]["api_keys"]} == {tina.id}
    assert reason(tina.call("GET", f"/v1/api-keys?technician={ada.id}")) == (403, "permission_missing")
    other = new_admin(plane)
    theirs = make_key(ada)[1]
    assert reason(tina.call("DELETE", f"/v1/api-keys/{theirs['id']}")) == (404, "not_found")
    assert reason(other.call("DELETE", f"/v1/api-keys/{theirs['id']}")) == (404, "not_found")
    assert ada.call("DELETE", f"/v1/api-keys/{made['id']}")[0] == 204


# ---- the door ----

def test_every_change_is_an_event_with_sealed_state_and_without_secrets(plane, ada):
    """DESIGN 2: directory data is rebuilt from the sealed topic."""
    secret = "client-secret-" + secrets.token_hex(8)
    status, _ = ada.call("PATCH", "/v1/company", {"oidc": {"issuer": "https://idp.example/x", "client_id": "c", "client_secret": secret}})
    assert status == 200
    tom = add(ada)[1]
    made = make_key(ada)[1]
    ada.call("DELETE", f"/v1/technicians/{tom['id']}")
    events = [e for _, e in directory_events(plane) if e["company"] == ada.company]
    told = [(e["kind"], e["verb"], e["id"]) for e in events]
    assert ("company", "create", ada.company) in told and ("technician", "create", ada.id) in told
    assert ("key", "create", made["id"]) in told and ("technician", "remove", tom["id"]) in told
    for key, event in directory_events(plane):
        assert key == event["id"]
        assert event["verb"] == "remove" or event["sealed"].startswith("s1.d1."), event
    text = json.dumps(events)
    token = tom["activate_url"].rsplit("/", 1)[1]
    for hidden in (secret, made["key"], token, "argon2", tom["email"]):
        assert hidden not in text
    change = next(e for e in events if e["kind"] == "company" and e["verb"] == "update")
    assert change["changed"] == "oidc_client_id,oidc_issuer,oidc_secret" and change["actor"]["id"] == ada.id
    assert secret not in json.dumps(redis_hash(plane, "company", ada.company, ada.company))
    company = ada.call("GET", "/v1/company")[1]
    assert company["oidc"] == {"issuer": "https://idp.example/x", "client_id": "c", "client_secret_set": True}


def test_the_outbox_reaches_the_directory_topic_and_is_trimmed(plane, ada):
    make_key(ada)
    key = f"{{s{bucket_of(ada.company):02d}}}:outbox"
    wait_for(lambda: plane.redis.xlen(key) == 0, 10, lambda: f"{plane.redis.xlen(key)} events left")
