"""Sessions from creation to end through the real gateway, activation, licensing and sweeper."""
import concurrent.futures
import json
import secrets
import subprocess
import time

import pytest
import requests

from invariants import check_invariants
from processes import activate, running, wait_for, wrong_code


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("plane"), {"gateway": 2, "activation": 2, "licensing": 1, "sweeper": 1}, check_invariants,
                 INVITATION_TTL_MS="3000", SESSION_TTL_MS="4000") as p:
        yield p


@pytest.fixture
def tina(plane):
    return plane.technician(plane.company())


def session(client, made):
    return client.call("GET", f"/v1/sessions/{made['id']}")[1]


def test_created_session_is_invited_and_holds_a_seat(tina):
    """S-1 S-22"""
    status, made = tina.create(customer_name="Kim", language="de")
    assert status == 201 and made["status"] == "invited" and made["mail"]["state"] == "none"
    assert len(made["code_prefix"]) == 4 and f"/i/{made['id']}#" in made["install_url"]
    assert tina.leases() == [made["id"]]
    assert "code_prefix" not in session(tina, made)


def test_the_same_idempotency_key_gives_the_same_session(tina):
    """S-36 idempotency_conflict"""
    first, again = tina.create(key="one-and-only"), tina.create(key="one-and-only")
    assert first[0] == again[0] == 201 and first[1]["id"] == again[1]["id"]
    status, problem = tina.create(key="one-and-only", note="another body")
    assert (status, problem["reason"]) == (422, "idempotency_conflict")


def test_parallel_creates_of_one_technician_give_one_session_and_one_lease(plane, tina):
    """S-20: 200 at once over two gateways."""
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda i: tina.create(gateway=i % 2), range(200)))
    made = [body for status, body in answers if status == 201]
    refused = {body["reason"] for status, body in answers if status != 201}
    assert len(made) == 1 and refused == {"technician_limit"}
    assert tina.leases() == [made[0]["id"]]
    assert all(body["session"] == made[0]["id"] for status, body in answers if status != 201)


def test_parallel_creates_of_ten_technicians_give_five_sessions(plane):
    """S-20"""
    cid = plane.company()
    team = [plane.technician(cid) for _ in range(10)]
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda i: team[i % 10].create(gateway=i % 2), range(100)))
    assert sum(status == 201 for status, _ in answers) == 5
    assert {b["reason"] for s, b in answers if s != 201} <= {"technician_limit", "company_limit"}
    assert len(team[0].leases()) == 5


@pytest.mark.parametrize("fields, permissions, reason", [
    ({"plan": "trial"}, "adhoc_support", "plan_excludes_adhoc"),
    ({}, "full_remote_control", "permission_missing"),
    ({"seats": 0}, "adhoc_support", "no_licence"),
    ({"suspended": 1}, "adhoc_support", "company_suspended"),
])
def test_creation_is_refused_with_its_reason(plane, fields, permissions, reason):
    """S-22 S-23 S-24 S-30"""
    client = plane.technician(plane.company(**fields), permissions=permissions)
    status, problem = client.create()
    assert problem["reason"] == reason and status == problem["status"]
    assert client.leases() == []


@pytest.mark.parametrize("email", ["nobody", "a@b", "a@b.de\r\nBcc: x@y.de", "a b@c.de", "@c.de", "a@c..de", 7])
def test_invalid_email_is_refused(tina, email):
    """S-30"""
    assert tina.create(customer_email=email, send_email=True)[1]["reason"] == "invalid_email"


@pytest.mark.parametrize("body", [
    "", "{", "[]", '{"send_email":1}', '{"send_email":true,"send_email":false}', '{"send_email":false,"extra":1}',
    '{"send_email":false,"note":' + '"' + "n" * 3000 + '"}', '{"send_email":false,"language":"xx"}',
    "[" * 50 + "]" * 50, '{"send_email":false,"customer_name":"a\\nb"}', "\x00\xff",
])
def test_malformed_bodies_are_refused_with_a_reason(tina, body):
    """S-36 invalid_request"""
    answer = requests.post(f"http://{tina.gateways[0].listen}/v1/sessions", data=body.encode("latin-1"), timeout=5, headers={
        "Authorization": f"Bearer {tina.key}", "Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(8)})
    assert answer.status_code == 400 and answer.json()["reason"] == "invalid_request"
    assert answer.headers["content-type"] == "application/problem+json"


def test_oversized_body_is_refused(tina):
    answer = requests.post(f"http://{tina.gateways[0].listen}/v1/sessions", data=b"x" * 70000, timeout=5)
    assert answer.status_code == 413 and answer.json()["reason"] == "invalid_request"


def test_without_a_credential_nothing_is_answered(tina):
    """S-36 unauthenticated"""
    for headers in ({}, {"Authorization": "Bearer bk_nonsense"}, {"Cookie": "beistand_session=x"},
                    {"Authorization": "Bearer bk_" + "0" * 52}):
        answer = requests.get(f"http://{tina.gateways[0].listen}/v1/sessions", headers=headers, timeout=5)
        assert answer.status_code == 401 and answer.json()["reason"] == "unauthenticated"


def test_foreign_session_and_unknown_session_are_the_same_answer(plane, tina):
    """S-36 not_found"""
    other = plane.technician(plane.company())
    made = tina.create()[1]
    foreign = other.call("GET", f"/v1/sessions/{made['id']}")
    unknown = other.call("GET", "/v1/sessions/00000000000000000000000000")
    for status, problem in (foreign, unknown):
        assert status == 404 and problem["reason"] == "not_found"
    foreign[1].pop("request_id"), unknown[1].pop("request_id")
    assert foreign == unknown
    assert other.call("POST", f"/v1/sessions/{made['id']}/end")[0] == 404
    assert session(tina, made)["status"] == "invited"


def test_right_code_activates_and_the_lost_reply_can_be_asked_again(plane, tina):
    """S-5 S-6"""
    made = tina.create()[1]
    first = activate(plane, made, key="activation-1")
    again = activate(plane, made, key="activation-1")
    assert first[0] == again[0] == 200 and first[1]["agent_token"] == again[1]["agent_token"]
    now = session(tina, made)
    assert now["status"] == "active" and now["machine"]["name"] == "PC" and now["activated_at"]
    assert activate(plane, made, key="activation-2")[1]["reason"] == "already_activated"


def test_five_wrong_codes_in_parallel_lock_the_invitation(plane, tina):
    """S-5 S-31 S-34"""
    made = tina.create()[1]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda i: activate(plane, made, wrong_code(made["code_prefix"], i)), range(1, 21)))
    assert all(status == 403 or body["reason"] == "attempts_exhausted" for status, body in answers)
    assert sum(body["reason"] == "code_invalid" for _, body in answers) == 4
    assert activate(plane, made)[1]["reason"] == "attempts_exhausted"
    assert session(tina, made)["attempts_left"] == 0


def test_send_again_makes_a_new_link_and_code_and_unlocks(plane, tina):
    """S-12 S-31"""
    made = tina.create()[1]
    for i in range(1, 6):
        activate(plane, made, wrong_code(made["code_prefix"], i))
    status, again = tina.call("POST", f"/v1/sessions/{made['id']}/invitations", Idempotency_Key="again-again")
    assert status == 201 and again["generation"] == 2 and again["install_url"] != made["install_url"]
    assert activate(plane, made)[1]["reason"] == "invitation_superseded"
    if again["code_prefix"] != made["code_prefix"]:
        assert activate(plane, again, made["code_prefix"])[1]["reason"] == "code_superseded"
    assert activate(plane, again)[0] == 200
    status, problem = tina.call("POST", f"/v1/sessions/{made['id']}/invitations", Idempotency_Key="once-more")
    assert (status, problem["reason"]) == (409, "wrong_state")


def test_invitation_expires_and_frees_its_seat(plane, tina):
    """S-11"""
    made = tina.create()[1]
    wait_for(lambda: session(tina, made)["status"] == "ended", 10)
    assert session(tina, made)["reason"] == "invitation_expired" and tina.leases() == []
    assert activate(plane, made)[1]["reason"] == "invitation_expired"
    assert tina.create()[0] == 201


def test_active_session_expires(plane, tina):
    """S-9 S-36 session_expired"""
    made = tina.create()[1]
    assert activate(plane, made)[0] == 200
    wait_for(lambda: session(tina, made)["status"] == "ended", 12)
    now = session(tina, made)
    assert now["reason"] == "session_expired" and now["removal"] == "pending" and tina.leases() == []


def test_technician_ends_and_ended_is_terminal(plane, tina):
    """S-9"""
    made = tina.create()[1]
    assert activate(plane, made)[0] == 200
    status, ended = tina.call("POST", f"/v1/sessions/{made['id']}/end")
    assert (status, ended["status"], ended["reason"]) == (202, "ended", "ended_by_technician")
    assert tina.call("POST", f"/v1/sessions/{made['id']}/end")[1]["version"] == ended["version"]
    assert activate(plane, made)[1]["reason"] == "ended_by_technician"
    assert tina.leases() == []


def test_customer_ends_through_the_program(plane, tina):
    """S-9"""
    made = tina.create()[1]
    token = activate(plane, made)[1]["agent_token"]
    service = next(s for s in plane.services if s.name == "activation")
    url = f"http://{service.listen}/agent/v1/sessions/{made['id']}"
    assert requests.post(url + "/reports", json={"event": "ended_by_customer"}, timeout=5).status_code == 401
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(url + "/reports", json={"event": "ended_by_customer"}, headers=headers, timeout=5).status_code == 204
    assert session(tina, made)["reason"] == "ended_by_customer"
    state = requests.get(url, headers=headers, timeout=5).json()
    assert (state["status"], state["reason"]) == ("ended", "ended_by_customer")


def test_event_stream_tells_of_changes(plane, tina):
    """S-71"""
    with requests.get(f"http://{tina.gateways[1].listen}/v1/events", stream=True, timeout=10,
                      headers={"Authorization": f"Bearer {tina.key}"}) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        assert next(line for line in lines if line.startswith("event:")) == "event: ready"
        next(line for line in lines if line.startswith("data:"))
        made = tina.create()[1]
        data = next(line for line in lines if line.startswith("data:"))
        assert json.loads(data[5:])["id"] == made["id"]


def test_page_and_file_fetches_change_nothing(plane, tina):
    """S-3: mail scanners fetch everything."""
    made = tina.create()[1]
    before = session(tina, made)
    base = f"http://{tina.gateways[0].listen}/i/{made['id']}"
    for _ in range(20):
        assert requests.get(base, timeout=5).status_code == 200
        assert requests.head(base, timeout=5).status_code == 200
        answer = requests.get(base + "/download", timeout=5)
        assert answer.status_code == 200 and answer.headers["content-disposition"] == "attachment"
    assert session(tina, made) == before


def test_health_endpoints(plane):
    """S-61"""
    for service in plane.services:
        assert requests.get(f"http://{service.health}/livez", timeout=2).status_code == 200
        assert service.readyz().json()["ready"] is True
        assert "beistand_" in requests.get(f"http://{service.health}/metrics", timeout=2).text or service.name == "activation"


def test_idle_services_sleep(plane):
    """An idle service's loop wakes at most 15 times a second and waits only in epoll."""
    time.sleep(1)
    for service in plane.services:
        out = subprocess.run(["timeout", "3", "strace", "-c", "-e", "trace=epoll_wait,epoll_pwait,nanosleep,clock_nanosleep,poll,select",
                              "-p", str(service.process.pid)], capture_output=True, text=True).stderr
        calls = {row.split()[-1]: int(row.split()[3]) for row in out.splitlines() if row and row.split()[-1] in
                 ("epoll_wait", "epoll_pwait", "nanosleep", "clock_nanosleep", "poll", "select")}
        assert calls.get("epoll_wait", 0) + calls.get("epoll_pwait", 0) <= 15 * 3, (service.name, calls)
        assert not set(calls) - {"epoll_wait", "epoll_pwait"}, (service.name, calls)
