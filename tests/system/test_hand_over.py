"""A session belongs to one technician; an administrator hands it to a colleague (S-29)."""
import concurrent.futures

import pytest

from customers import PASSWORD, Session, cli_result, upgrade
from flows import Cli, new_technician, read_redis
from invariants import check_invariants
from processes import activate, bucket_of, running


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("hand-over"), check=check_invariants) as p:
        yield p


@pytest.fixture
def team(plane):
    """(administrator, the session's technician, a colleague)"""
    cid = plane.company()
    return plane.technician(cid, role="administrator"), plane.technician(cid), plane.technician(cid)


def hand_over(client, made, to, gateway=0):
    return client.call("POST", f"/v1/sessions/{made['id']}/hand-over", {"technician": to}, gateway)


def technician_leases(plane, client):
    return plane.redis.zrange(f"{client.tag}:leases:technician:{client.id}", 0, -1, withscores=True)


@pytest.mark.parametrize("state", ["invited", "active"])
def test_the_colleague_has_the_session_and_the_seat_stays_one(plane, team, state):
    """S-20 S-29"""
    admin, tina, kim = team
    made = tina.create()[1]
    if state == "active":
        activate(plane, made)
    before = technician_leases(plane, tina)
    status, session = hand_over(admin, made, kim.id)
    assert status == 202 and session["technician"] == {"id": kim.id, "name": "Tina Muster"} and session["status"] == state
    assert technician_leases(plane, tina) == [] and technician_leases(plane, kim) == before
    assert tina.leases() == [made["id"]]
    assert tina.call("GET", f"/v1/sessions/{made['id']}")[0] == 404 and tina.create()[0] == 201
    assert kim.create()[1]["reason"] == "technician_limit"
    status, ended = kim.call("POST", f"/v1/sessions/{made['id']}/end")
    assert status == 202 and ended["reason"] == "ended_by_technician" and technician_leases(plane, kim) == []


def test_a_hand_over_to_whoever_has_it_changes_nothing(team):
    admin, tina, _ = team
    made = tina.create()[1]
    status, session = hand_over(admin, made, tina.id)
    assert status == 202 and session["version"] == made["version"]


def test_the_colleagues_own_limit_holds(plane, team):
    """S-20 S-29: also when two sessions are handed to one colleague at once."""
    admin, tina, kim = team
    made = tina.create()[1]
    theirs = kim.create()[1]
    status, problem = hand_over(admin, made, kim.id)
    assert (status, problem["reason"], problem["session"]) == (409, "technician_limit", theirs["id"])
    assert problem["links"]["send_again"] and len(technician_leases(plane, tina)) == 1
    kim.call("POST", f"/v1/sessions/{theirs['id']}/end")
    others = [plane.technician(admin.company) for _ in range(3)]
    sessions = [made] + [o.create()[1] for o in others]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: hand_over(admin, sessions[i % 4], kim.id, i % 2), range(16)))
    assert len(technician_leases(plane, kim)) == 1
    mine = technician_leases(plane, kim)[0][0]
    assert {body.get("id") for status, body in answers if status == 202} == {mine}


@pytest.mark.parametrize("make, reason", [
    (lambda p, a, t, k: (t, k.id), "permission_missing"),
    (lambda p, a, t, k: (a, p.technician(p.company()).id), "not_found"),
    (lambda p, a, t, k: (a, "0" * 26), "not_found"),
    (lambda p, a, t, k: (a, p.technician(a.company, permissions="full_remote_control").id), "permission_missing"),
    (lambda p, a, t, k: (a, "nobody"), "invalid_request"),
    (lambda p, a, t, k: (a, None), "invalid_request"),
    (lambda p, a, t, k: (p.technician(p.company(), role="administrator"), k.id), "not_found"),
])
def test_a_hand_over_that_must_not_be_is_refused(plane, team, make, reason):
    """S-29 S-36"""
    admin, tina, kim = team
    made = tina.create()[1]
    client, to = make(plane, admin, tina, kim)
    status, problem = hand_over(client, made, to)
    assert problem["reason"] == reason and status == problem["status"]
    assert technician_leases(plane, tina) and tina.call("GET", f"/v1/sessions/{made['id']}")[1]["version"] == made["version"]


def test_a_disabled_colleague_and_an_ended_session_are_refused(plane, team):
    admin, tina, kim = team
    made = tina.create()[1]
    plane.redis.hset(f"{kim.tag}:technician:{kim.id}", "disabled", "1")
    assert hand_over(admin, made, kim.id)[1]["reason"] == "permission_missing"
    tina.call("POST", f"/v1/sessions/{made['id']}/end")
    assert hand_over(admin, made, tina.id)[1]["reason"] == "wrong_state"


def test_the_open_viewer_of_the_one_before_is_cut_and_the_colleague_connects(stack, tmp_path):
    """S-29: with the reason; a ticket that was made before is worth nothing; the colleague needs the password."""
    tina = new_technician(stack)
    kim, admin = new_technician(stack, tina.company), new_technician(stack, tina.company, role="administrator")
    read_redis(stack).hset(f"{{s{bucket_of(kim.company):02d}}}:technician:{kim.id}", "name", "Kim Muster")
    session = Session(stack, tina, tmp_path).online().pair()
    cli = Cli(stack, kim.key, tmp_path / "kim")
    password = cli.set_password(PASSWORD)
    denied = cli_result(cli, "connect", session.id, "--password-file", password, "--seconds", 1)
    assert (denied[0]["reason"], denied[1]) == ("not_found", 1)
    with session.connect() as viewer:
        status, body = admin.call("POST", f"/v1/sessions/{session.id}/hand-over", {"technician": kim.id})
        assert status == 202, body
        assert viewer.child.wait(20) == 1
    assert '"handed_over"' in (session.folder / "connect.log").read_text()
    assert tina.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote"})[0] == 404
    wrong = cli.set_password("not the password")
    assert cli_result(cli, "connect", session.id, "--password-file", wrong, "--seconds", 1)[0]["reason"] == "password_wrong"
    password = cli.set_password(PASSWORD)
    assert cli_result(cli, "connect", session.id, "--password-file", password, "--seconds", 1)[1] == 0
    assert session.pc.child.poll() is None, "the program stays"
    session.pc.wait_state("active", "technician")
    session.close()


def test_a_ticket_made_before_the_hand_over_is_refused_by_the_relay(stack, tmp_path):
    """S-29"""
    tina = new_technician(stack)
    kim, admin = new_technician(stack, tina.company), new_technician(stack, tina.company, role="administrator")
    session = Session(stack, tina, tmp_path).online()
    ticket = tina.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote", "mode": "pair"})[1]
    assert admin.call("POST", f"/v1/sessions/{session.id}/hand-over", {"technician": kim.id})[0] == 202
    status, problem = upgrade(stack, f"/relay/c/{ticket['conn_id']}", f"ticket.{ticket['ticket']}")
    assert (status, problem["reason"]) == (409, "handed_over")
    session.close()
