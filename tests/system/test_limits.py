"""Limits and seats, exactly (S-20, S-21, S-22): many creates and ends at once over three gateways. BEISTAND_ROUNDS=100
repeats the race as often as issue 3 asks for; the ordinary run does ten rounds."""
import concurrent.futures
import os

import pytest

from invariants import check_invariants
from processes import activate, bucket_of, running, wait_for

ROUNDS = int(os.environ.get("BEISTAND_ROUNDS", "10"))
GATEWAYS, TECHNICIANS, CREATES = 3, 10, 200


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("limits"), {"gateway": GATEWAYS, "licensing": 2, "sweeper": 2, "activation": 1}, check_invariants) as p:
        yield p


def at_once(calls, threads=50):
    """The results of all calls, begun together."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return [f.result() for f in [pool.submit(*call) for call in calls]]


def create(client, number):
    return client.create(gateway=number % GATEWAYS)


def counts(answers):
    """{201: n, reason: n, …}"""
    outcomes = [status if status == 201 else body["reason"] for status, body in answers]
    return {outcome: outcomes.count(outcome) for outcome in outcomes}


@pytest.mark.parametrize("number", range(ROUNDS))
def test_200_creates_over_three_gateways_give_five_sessions_and_five_leases(plane, number):
    """S-20"""
    cid = plane.company()
    team = [plane.technician(cid) for _ in range(TECHNICIANS)]
    answers = at_once([(create, team[i % TECHNICIANS], i) for i in range(CREATES)])
    outcome = counts(answers)
    assert outcome.pop(201) == 5 and set(outcome) <= {"technician_limit", "company_limit"}, outcome
    made = {body["id"] for status, body in answers if status == 201}
    assert set(team[0].leases()) == made and len(made) == 5
    tag = f"{{s{bucket_of(cid):02d}}}"
    held = [plane.redis.zrange(f"{tag}:leases:technician:{t.id}", 0, -1) for t in team]
    assert sorted(sid for sids in held for sid in sids) == sorted(made) and max(map(len, held)) == 1
    assert plane.redis.zcard(f"{tag}:company-sessions:{cid}") == 5


@pytest.mark.parametrize("fields, expected", [
    ({"limit_company": 3}, (3, "company_limit")), ({"limit_company": 12, "limit_technician": 2}, (12, "company_limit")),
    ({"limit_company": "", "limit_technician": ""}, (5, "company_limit")), ({"limit_company": 0}, (0, "company_limit")),
    ({"seats": 2}, (2, "no_licence")), ({"seats": ""}, (0, "no_licence")),
])
def test_a_companys_own_limits_and_seats_hold_exactly(plane, fields, expected):
    """S-20 S-22: empty is the plan's default; no seats is none."""
    cid = plane.company(**fields)
    team = [plane.technician(cid) for _ in range(TECHNICIANS)]
    outcome = counts(at_once([(create, team[i % TECHNICIANS], i) for i in range(60)]))
    assert outcome.get(201, 0) == expected[0] == len(team[0].leases())
    assert expected[1] in outcome


def test_technician_limit_names_the_open_session_and_what_can_be_done(plane):
    """S-20: Send again and End are offered; an active session is not invited again."""
    tina = plane.technician(plane.company())
    made = tina.create()[1]
    status, problem = tina.create()
    assert (status, problem["reason"], problem["session"]) == (409, "technician_limit", made["id"])
    links = problem["links"]
    assert links["session"] == f"/v1/sessions/{made['id']}"
    status, again = tina.call("POST", links["send_again"], Idempotency_Key="send-it-again")
    assert status == 201 and again["id"] == made["id"] and again["generation"] == 2
    assert activate(plane, again)[0] == 200
    assert set(tina.create()[1]["links"]) == {"session", "end"}
    assert tina.call("POST", links["end"])[0] == 202
    assert tina.create()[0] == 201


def test_seats_are_released_once_however_often_and_wherever_a_session_is_ended(plane):
    """S-22: twenty ends of each of five sessions at once, and creates meanwhile, never give more than five seats."""
    cid = plane.company(seats=5, limit_company=50, limit_technician=50)
    team = [plane.technician(cid) for _ in range(TECHNICIANS)]
    for _ in range(3):
        made = [body["id"] for status, body in at_once([(create, team[i % 10], i) for i in range(20)]) if status == 201]
        assert len(team[0].leases()) == 5
        owner = {s: t for t in team for s in made if t.call("GET", f"/v1/sessions/{s}")[0] == 200}
        calls = [(owner[sid].call, "POST", f"/v1/sessions/{sid}/end", None, i % GATEWAYS) for sid in made for i in range(20)]
        calls += [(create, team[i % 10], i) for i in range(100)]
        answers = at_once(calls)
        assert {status for status, _ in answers[:len(made) * 20]} == {202}
        left = team[0].leases()
        assert len(left) <= 5
        for sid in left:
            assert {t.call("POST", f"/v1/sessions/{sid}/end")[0] for t in team} == {202, 404}
        assert team[0].leases() == []


def test_sessions_over_time_are_unlimited(plane):
    """S-21: a technician with one open session at a time makes as many as they like."""
    tina = plane.technician(plane.company(seats=1, limit_company=1))
    for number in range(30):
        status, made = tina.create(gateway=number % GATEWAYS)
        assert status == 201, made
        assert tina.call("POST", f"/v1/sessions/{made['id']}/end", gateway=(number + 1) % GATEWAYS)[0] == 202
    listed = tina.call("GET", "/v1/sessions?limit=100")[1]["sessions"]
    assert len(listed) == 30 and {s["status"] for s in listed} == {"ended"}
    wait_for(lambda: plane.redis.xlen(f"{tina.tag}:outbox") == 0, 10, lambda: "the outbox is not drained")
