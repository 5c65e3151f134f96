"""The operator's API and CLI: tenants, licences, suspension, the end of one session. S-62 S-36"""
import concurrent.futures
import json
import subprocess
import time

import pytest

from invariants import check_invariants
from people import (PASSWORD, Browser, ask, cli, ends_within, event_stream, new_admin, new_company, new_email, new_person, operate,
                    reason, signed_in)
from processes import activate, bucket_of, running, wait_for


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("operator"), check=check_invariants) as p:
        yield p


def session(client, made):
    return client.call("GET", f"/v1/sessions/{made['id']}")[1]


def test_the_operator_manages_companies(plane):
    """S-62"""
    status, made = operate(plane, "POST", "/companies", {"name": "Nord AG", "plan": "base", "modules": ["insights"], "seats": 7,
                                                         "limits": {"technician": 2, "company": 9}})
    assert status == 201 and made["modules"] == ["insights"] and made["limits"] == {"technician": 2, "company": 9}
    status, shown = operate(plane, "GET", f"/companies/{made['id']}")
    assert status == 200 and shown == made
    status, changed = operate(plane, "PATCH", f"/companies/{made['id']}", {"plan": "plus", "modules": [], "seats": 8, "contact": "x"})
    assert status == 200 and (changed["plan"], changed["modules"], changed["seats"], changed["contact"]) == ("plus", [], 8, "x")
    assert changed["limits"] == made["limits"] and changed["version"] == made["version"] + 1
    assert reason(operate(plane, "GET", "/companies/00000000000000000000000000")) == (404, "not_found")
    assert reason(operate(plane, "PATCH", "/companies/x", {"seats": 1})) == (404, "not_found")
    assert reason(operate(plane, "PATCH", f"/companies/{made['id']}", {"seats": 1}, If_Match='"1"')) == (412, "precondition_failed")


def test_a_new_company_gets_its_plans_limits(plane):
    made = operate(plane, "POST", "/companies", {"name": "Standard"})[1]
    assert (made["plan"], made["limits"], made["suspended"], made["modules"]) == ("plus", {"technician": 1, "company": 5}, False, [])


@pytest.mark.parametrize("body", [{}, {"name": "x", "plan": "gold"}, {"name": "x", "modules": ["y"]}, {"name": "x", "seats": -1},
                                  {"name": "x", "seats": 1.5}, {"name": "x", "limits": {"all": 1}}, {"name": "x", "suspended": True},
                                  {"name": "x", "modules": "insights"}, {"name": ["x"]}])
def test_malformed_companies_are_refused(plane, body):
    assert reason(operate(plane, "POST", "/companies", body)) == (400, "invalid_request")


def test_only_the_operators_key_opens_the_operator_api(plane):
    ada = new_admin(plane)
    for key in (None, "x", ada.key, (plane.dir / "operator.key").read_text().strip()[:-1], "bk_" + "0" * 52):
        assert reason(ask(plane, "GET", "/operator/v1/companies", key=key)) == (401, "unauthenticated")
    assert reason(ask(plane, "GET", "/v1/me", key=(plane.dir / "operator.key").read_text().strip())) == (401, "unauthenticated")


def test_the_same_idempotency_key_makes_one_company(plane):
    answers = [operate(plane, "POST", "/companies", {"name": "Once"}, Idempotency_Key="company-once") for _ in range(2)]
    assert answers[0] == answers[1] and answers[0][0] == 201
    assert reason(operate(plane, "POST", "/companies", {"name": "Twice"}, Idempotency_Key="company-once")) == (422, "idempotency_conflict")


def test_companies_are_listed_newest_first_over_all_buckets(plane):
    made = [operate(plane, "POST", "/companies", {"name": f"C{i}"})[1]["id"] for i in range(12)]
    seen, cursor = [], ""
    while cursor is not None and len(seen) < 200:
        status, page = operate(plane, "GET", f"/companies?limit=5{'&cursor=' + cursor if cursor else ''}")
        assert status == 200 and len(page["companies"]) <= 5
        seen += [c["id"] for c in page["companies"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen))
    assert [c for c in seen if c in made] == made[::-1]


def test_the_first_administrator_is_made_by_the_operator_not_by_a_page(plane):
    """S-62"""
    company = operate(plane, "POST", "/companies", {"name": "Fresh"})[1]
    body = {"name": "Ada", "email": new_email("ada"), "role": "administrator", "permissions": ["adhoc_support"]}
    status, ada = operate(plane, "POST", f"/companies/{company['id']}/technicians", body)
    assert status == 201 and ada["role"] == "administrator"
    token = ada["activate_url"].rsplit("/", 1)[1]
    assert ask(plane, "POST", "/v1/account/activate", {"token": token, "password": PASSWORD}).status_code == 204
    browser = Browser(plane)
    me = browser.sign_in(ada["email"], PASSWORD).json()
    assert me["technician"]["role"] == "administrator" and me["company"]["name"] == "Fresh"
    assert reason(operate(plane, "POST", f"/companies/{company['id']}/technicians", body)) == (409, "email_taken")


def test_an_administrator_of_the_operator_has_what_nobody_else_could_give(plane):
    """S-24 S-62: all permissions unless some are named; a plain technician has none."""
    path = f"/companies/{operate(plane, 'POST', '/companies', {'name': 'Fresh'})[1]['id']}/technicians"
    made = [operate(plane, "POST", path, {"name": "Ada", "email": new_email("ada"), **more})[1]
            for more in ({"role": "administrator"}, {"role": "administrator", "permissions": []}, {})]
    assert [one["permissions"] for one in made] == [["adhoc_support", "full_remote_control"], [], []]


def test_suspension_ends_everything_within_two_seconds_and_refuses_the_rest(plane):
    """S-36 company_suspended"""
    cid = new_company(plane, "--limit-technician", 3)
    tina = new_person(plane, cid, password=PASSWORD)
    browser = signed_in(plane, tina)
    invited, active = tina.create()[1], tina.create()[1]
    agent = activate(plane, active)[1]
    stream = event_stream(plane, 1, Cookie=f"beistand_session={browser.cookie}")
    started = time.monotonic()
    status, company = operate(plane, "POST", f"/companies/{cid}/suspend")
    assert status == 200 and company["suspended"]
    tag = f"{{s{bucket_of(cid):02d}}}"
    for made in (invited, active):
        record = plane.redis.hgetall(f"{tag}:session:{made['id']}")
        assert (record["state"], record["reason"]) == ("ended", "company_suspended")
    assert time.monotonic() - started < 2 and tina.leases() == []
    assert ends_within(stream, 1)
    assert reason(tina.call("GET", "/v1/sessions")) == (403, "company_suspended")
    assert reason(tina.create()) == (403, "company_suspended")
    assert reason(browser.call("GET", "/v1/me")) == (403, "company_suspended")
    assert reason(Browser(plane).sign_in(tina.email, PASSWORD)) == (403, "company_suspended")
    assert Browser(plane).sign_in(tina.email, "not the password").status_code == 401, "only who knows the password is told"
    service = next(s for s in plane.services if s.name == "activation")
    import requests
    state = requests.get(f"http://{service.listen}/agent/v1/sessions/{active['id']}", timeout=5,
                         headers={"Authorization": f"Bearer {agent['agent_token']}"}).json()
    assert (state["status"], state["reason"]) == ("ended", "company_suspended")
    status, company = operate(plane, "POST", f"/companies/{cid}/resume")
    assert status == 200 and not company["suspended"]
    assert tina.create()[0] == 201 and Browser(plane).sign_in(tina.email, PASSWORD).status_code == 200


def test_suspension_is_finished_by_the_due_times_when_the_gateway_dies(plane):
    """The transition moves the sessions' due times: sweeper and licensing end what the gateway did not."""
    cid = new_company(plane)
    tina = new_person(plane, cid)
    made = tina.create()[1]
    tag = f"{{s{bucket_of(cid):02d}}}"
    # What is left when the gateway dies right after the transition: the flag and the due times.
    plane.redis.hset(f"{tag}:company:{cid}", "suspended", 1)
    plane.redis.zadd(f"{tag}:due", {f"expire:{made['id']}": int(time.time() * 1000)})
    wait_for(lambda: plane.redis.hget(f"{tag}:session:{made['id']}", "state") == "ended", 10)
    assert plane.redis.hget(f"{tag}:session:{made['id']}", "reason") == "company_suspended" and tina.leases() == []


def test_no_session_slips_through_a_suspension(plane):
    """Creates race with the suspension: afterwards none is open."""
    for _ in range(5):
        cid = new_company(plane, "--limit-technician", 20, "--limit-company", 20)
        tina = new_person(plane, cid)
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            creates = [pool.submit(tina.create, gateway=i % 2) for i in range(11)]
            suspended = pool.submit(operate, plane, "POST", f"/companies/{cid}/suspend", gateway=1)
            answers = [c.result() for c in creates]
        assert suspended.result()[0] == 200
        assert {status for status, _ in answers} <= {201, 403}
        wait_for(lambda: tina.leases() == [], 5, lambda: f"{tina.leases()} still open")  # noqa: B023


def test_the_operator_ends_one_session(plane):
    """S-9 S-36 ended_by_operator"""
    tina = new_admin(plane)
    made = tina.create()[1]
    status, ended = operate(plane, "POST", f"/sessions/{made['id']}/end")
    assert status == 202 and (ended["status"], ended["reason"]) == ("ended", "ended_by_operator")
    assert session(tina, made)["reason"] == "ended_by_operator" and tina.leases() == []
    assert operate(plane, "POST", f"/sessions/{made['id']}/end")[1]["reason"] == "ended_by_operator"
    assert reason(operate(plane, "POST", "/sessions/00000000000000000000000000/end")) == (404, "not_found")
    assert reason(operate(plane, "POST", "/sessions/nonsense/end")) == (404, "not_found")


def test_limits_and_seats_hold_at_once(plane):
    """S-20 S-22"""
    cid = new_company(plane)
    tina, tom = new_person(plane, cid), new_person(plane, cid)
    assert tina.create()[0] == 201
    assert reason(tina.create()) == (409, "technician_limit")
    assert operate(plane, "PATCH", f"/companies/{cid}", {"limits": {"technician": 2}})[0] == 200
    assert tina.create()[0] == 201
    assert operate(plane, "PATCH", f"/companies/{cid}", {"seats": 2})[0] == 200
    assert reason(tom.create()) == (409, "no_licence")
    assert operate(plane, "PATCH", f"/companies/{cid}", {"seats": 9, "limits": {"company": 2}})[0] == 200
    assert reason(tom.create()) == (409, "company_limit")
    assert operate(plane, "PATCH", f"/companies/{cid}", {"plan": "trial"})[0] == 200
    assert reason(tom.create()) == (403, "plan_excludes_adhoc")


def test_the_cli_does_it_over_https(make_stack):
    """S-62: beistand-cli operator against the real origin."""
    stack = make_stack()

    def operator(verb, *args, good=True):
        argv = [stack.cli, "operator", verb, "--origin", stack.origin, "--ca", stack.root / "secrets" / "ca.pem", "--key-file",
                stack.root / "secrets" / "operator.key", *args]
        result = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=30, env=stack.base_env(), check=False)
        assert (result.returncode == 0) == good, (result.stdout, result.stderr)
        return json.loads(result.stdout if good else result.stderr)
    made = operator("company-add", "--name", "Kommando GmbH", "--plan", "base", "--modules", "insights", "--seats", "3")
    assert made["modules"] == ["insights"]
    changed = operator("company-set", "--company", made["id"], "--seats", "4", "--limit-company", "2")
    assert (changed["seats"], changed["limits"]["company"]) == (4, 2)
    ada = operator("technician-add", "--company", made["id"], "--name", "Ada", "--email", new_email(), "--role", "administrator")
    assert ada["activate_url"].startswith(stack.origin + "/#/activate/")
    assert operator("suspend", "--company", made["id"])["suspended"]
    assert not operator("resume", "--company", made["id"])["suspended"]
    assert made["id"] in {c["id"] for c in operator("companies")["companies"]}
    assert operator("company", "--company", made["id"])["seats"] == 4
    assert operator("session-end", "--session", "0" * 26, good=False)["reason"] == "not_found"
    assert operator("company-set", "--company", made["id"], "--plan", "gold", good=False)["reason"] == "invalid_request"


def test_the_cli_refuses_what_is_wrong(plane):
    cid = new_company(plane)
    person = ["--company", cid, "--name", "A", "--email", new_email()]
    cli(plane, "technician-create", *person)
    assert "already" in cli(plane, "technician-create", *person, good=False)["detail"]
    assert cli(plane, "company-create", "--name", "x", "--plan", "gold", good=False)["reason"] == "invalid_request"
    assert cli(plane, "company-show", "--company", cid)["version"] == "1"
