"""A technician who is connected to a PC and loses what they are signed in with is cut off at once; the session and the
program stay for whoever takes over. S-70"""
import hashlib
import time

import pytest

from customers import Session, upgrade
from flows import Api, new_technician, read_redis
from processes import bucket_of
from stack import SERVICES


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


@pytest.fixture
def admin(stack):
    return new_technician(stack, role="administrator")


@pytest.fixture
def online(stack, admin, tmp_path):
    """(their API with a key of its own, its id, the paired session)"""
    person = new_technician(stack, admin.company)
    status, made = person.call("POST", "/v1/api-keys", {"name": "viewer", "scopes": ["all"]})
    assert status == 201
    api = Api(stack, made["key"], admin.company, person.id)
    session = Session(stack, api, tmp_path).online().pair()
    yield person, made["id"], session
    session.close()


def cut_within(viewer, seconds):
    """The CLI ends when its socket is closed with 4003."""
    started = time.monotonic()
    viewer.child.wait(seconds + 10)
    return time.monotonic() - started < seconds and viewer.child.returncode != 0


def ticket_of(api, session):
    status, ticket = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote"})
    assert status == 201, ticket
    return ticket


@pytest.mark.parametrize("how", ["key revoked", "person disabled", "notice lost"])
def test_a_connected_viewer_is_cut_when_its_credential_ends(stack, admin, online, how):
    person, key_id, session = online
    ticket = ticket_of(session.api, session)
    with session.connect() as viewer:
        if how == "person disabled":
            assert admin.call("PATCH", f"/v1/technicians/{person.id}", {"disabled": True})[0] == 200
        elif how == "key revoked":
            assert person.call("DELETE", f"/v1/api-keys/{key_id}")[0] == 204
        else:
            # As the transition leaves it, but nobody is told.
            read_redis(stack).delete(f"{{s{bucket_of(admin.company):02d}}}:key-id:{key_id}")
        assert cut_within(viewer, 4 if how == "notice lost" else 1.5)
        assert "unauthenticated" in (session.folder / "connect.log").read_text()
    # A ticket that was made before is not worth more.
    status, problem = upgrade(stack, f"/relay/c/{ticket['conn_id']}", f"ticket.{ticket['ticket']}")
    assert (status, problem["reason"]) == (401, "ticket_invalid")
    seen = admin.session(session.id)
    assert seen["status"] == "active" and seen["online"], "the program stays"


def test_another_credential_of_the_same_person_stays_connected(online):
    person, _, session = online
    status, other = person.call("POST", "/v1/api-keys", {"name": "other", "scopes": ["sessions"]})
    assert status == 201
    with session.connect() as viewer:
        assert person.call("DELETE", f"/v1/api-keys/{other['id']}")[0] == 204
        with pytest.raises(AssertionError, match="not within"):
            viewer.wait(lambda line: "updates" in line or "resumed" in line, 2)
        assert viewer.child.poll() is None


# ---- what a gateway knows from before (docs/decisions/0060) ----

def primed(api):
    """Its gateway has read key, person and company, and knows them from now on."""
    for _ in range(20):
        assert api.call("GET", "/v1/me")[0] == 200
    return api


def key_name(api):
    return f"{{s{bucket_of(api.company):02d}}}:key:{hashlib.sha256(api.key.encode()).hexdigest()}"


def test_a_colleague_in_a_company_that_is_known_is_let_in(stack, admin):
    primed(admin)
    colleague = new_technician(stack, admin.company)
    primed(admin)
    status, me = colleague.call("GET", "/v1/me")
    assert (status, me["technician"]["id"], me["company"]["id"]) == (200, colleague.id, admin.company)


@pytest.mark.parametrize("notices", ["arrive", "are cut off"])
def test_a_key_that_is_known_is_out_at_once_whoever_removed_it(stack, admin, notices):
    person = primed(new_technician(stack, admin.company))
    server = read_redis(stack)
    if notices == "are cut off":
        assert server.execute_command("CLIENT", "KILL", "TYPE", "pubsub") > 0
    assert server.delete(key_name(person)) == 1
    status, problem = person.call("GET", "/v1/me")
    assert (status, problem["reason"]) == (401, "unauthenticated")
    stack.wait_ready()  # who was cut off was not ready meanwhile
    stack.wait_edge(SERVICES)


def test_what_changes_of_a_known_person_is_true_at_once(stack, admin):
    person = primed(new_technician(stack, admin.company))
    assert admin.call("PATCH", f"/v1/technicians/{person.id}", {"permissions": []})[0] == 200
    assert person.call("GET", "/v1/me")[1]["technician"]["permissions"] == []
    assert person.create()[1]["reason"] == "permission_missing"
    assert admin.call("PATCH", f"/v1/technicians/{person.id}", {"disabled": True})[0] == 200
    assert person.call("GET", "/v1/me")[0] == 401
