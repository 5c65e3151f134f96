"""Plans, modules and permissions: at the API by the table of proto/plans.json, and at the PC by signed claims (S-23, S-24)."""
import base64
import itertools
import json

import pytest

from customers import Session, cli_result
from flows import new_technician, read_redis
from processes import ROOT, activate, bucket_of, running

DATA = json.loads((ROOT / "proto" / "plans.json").read_text())
FULL, LIMITED = "adhoc_support,full_remote_control", "adhoc_support"
# What SPEC S-23 and S-24 say, written down a second time: who changes the table must change this too.
SPEC = {"basic": {"remote", "chat"}, "plus": {"remote", "chat", "files", "dashboard"},
        "premier": {"remote", "chat", "files", "dashboard"}, "base": {"remote", "chat", "files"}}


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("plans"), {"gateway": 1, "activation": 1, "licensing": 1, "sweeper": 1}) as p:
        yield p


def active_session(plane, permissions=FULL, **company):
    client = plane.technician(plane.company(**company), permissions=permissions)
    made = client.create()[1]
    assert activate(plane, made)[0] == 200
    return client, made


def ticket(client, made, feature):
    return client.call("POST", f"/v1/sessions/{made['id']}/tickets", {"feature": feature})


def test_trial_has_no_adhoc_support_and_every_other_plan_has(plane):
    """S-23 S-30 plan_excludes_adhoc"""
    for name in [*DATA["plans"], "unknown", ""]:
        status, body = plane.technician(plane.company(plan=name)).create()
        assert (status == 201) == (name in SPEC), (name, body)
        assert status == 201 or body["reason"] == "plan_excludes_adhoc"


@pytest.mark.parametrize("plan, modules, permissions", itertools.product(SPEC, ["", "insights", "other,insights,x", "insight"],
                                                                         [FULL, LIMITED]))
def test_a_ticket_needs_plan_module_and_permission(plane, plan, modules, permissions):
    """S-23 S-24 S-33: the plan's refusal comes before the permission's. A PC that is offline is what is left then."""
    client, made = active_session(plane, permissions, plan=plan, modules=modules)
    allowed = SPEC[plan] | ({"dashboard"} if plan == "base" and "insights" in modules.split(",") else set())
    for feature in DATA["features"]:
        expected = "computer_offline"
        if feature not in allowed:
            expected = "plan_excludes_feature"
        elif feature == "files" and permissions == LIMITED:
            expected = "permission_missing"
        status, body = ticket(client, made, feature)
        assert body["reason"] == expected and status == body["status"], (feature, body)
    assert ticket(client, made, "shell")[1]["reason"] == "invalid_request"
    grant = client.call("GET", "/v1/me")[1]["grant"]
    limited = permissions == LIMITED
    assert set(grant["features"]) == allowed - ({"files"} if limited else set())
    assert set(grant["withheld"]) == (allowed & {"files"} if limited else set())
    assert grant["view_only"] == grant["dashboard_read_only"] == limited


def test_a_change_of_plan_is_true_for_the_next_ticket(plane):
    """S-23"""
    client, made = active_session(plane, plan="basic")
    assert ticket(client, made, "files")[1]["reason"] == "plan_excludes_feature"
    plane.redis.hset(f"{client.tag}:company:{client.company}", "plan", "plus")
    assert ticket(client, made, "files")[1]["reason"] == "computer_offline"


def claims_of(answer):
    text = answer["claims"]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def change_company(stack, api, **fields):
    read_redis(stack).hset(f"{{s{bucket_of(api.company):02d}}}:company:{api.company}", mapping=fields)


@pytest.fixture(scope="module")
def connected(stack, tmp_path_factory):
    """(api, session) of a paired PC; tests change the company's plan and the technician's permissions."""
    api = new_technician(stack)
    session = Session(stack, api, tmp_path_factory.mktemp("pc")).online().pair()
    yield api, session
    session.close()


def start(session, feature, ticket_for="remote"):
    """What the PC says to a technician whose ticket was for another function."""
    body, status = cli_result(session.cli, "start", session.id, feature, "--ticket", ticket_for, "--password-file",
                              session.cli.password_file)
    return body.get("started") if status == 0 else body["reason"]


@pytest.mark.parametrize("plan, modules, permissions, said", [
    ("basic", "", FULL, {"remote": "remote", "files": "plan_excludes_feature", "dashboard": "plan_excludes_feature"}),
    ("base", "", FULL, {"dashboard": "plan_excludes_feature"}),
    ("base", "insights", LIMITED, {"remote": "remote", "files": "permission_missing"}),
    ("plus", "", FULL, {"nonsense": "plan_excludes_feature"}),
])
def test_the_pc_itself_refuses_what_the_signed_claims_lack(stack, connected, plan, modules, permissions, said):
    """S-24 S-33: the ticket is for remote control; the function is asked for inside the encrypted channel, where no
    server sees it."""
    api, session = connected
    change_company(stack, api, plan=plan, modules=modules)
    read_redis(stack).hset(f"{{s{bucket_of(api.company):02d}}}:technician:{api.id}", "permissions", permissions)
    assert {feature: start(session, feature) for feature in said} == said


def test_what_the_program_cannot_do_is_said_as_that(stack, connected):
    """S-33: allowed by plan and permission; this version of the program has remote control only. When a function is
    added to the program, take it out of here."""
    api, session = connected
    change_company(stack, api, plan="premier")
    read_redis(stack).hset(f"{{s{bucket_of(api.company):02d}}}:technician:{api.id}", "permissions", FULL)
    status, body = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "chat"})
    assert status == 201 and set(claims_of(body)["features"]) == SPEC["premier"]
    assert start(session, "dashboard", ticket_for="dashboard") == "feature_unavailable"


def test_without_full_control_the_view_is_read_only_at_the_pc(stack, connected):
    """S-24: keys that the viewer sends all the same do nothing."""
    api, session = connected
    change_company(stack, api, plan="premier")
    key = f"{{s{bucket_of(api.company):02d}}}:technician:{api.id}"
    args = ("type", session.id, "abc", "--password-file", session.cli.password_file)
    read_redis(stack).hset(key, "permissions", LIMITED)
    claims = claims_of(api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote"})[1])
    assert claims["view_only"] and claims["dashboard_read_only"] and claims["withheld"] == ["files"]
    session.cli.run(*args)
    read_redis(stack).hset(key, "permissions", FULL)
    session.cli.run(*args)
    session.pc.wait(lambda line: line.get("event") == "key" and line["n"] == 3, what="third key")
    session.pc.say("say done")
    session.pc.wait_event("command_done")
    keys = [line["n"] for line in session.pc.seen if line.get("event") == "key"]
    assert keys == [1, 2, 3], "keys of the view-only connection reached the PC"


def test_claims_widened_on_the_way_are_refused_by_the_pc(stack, connected):
    """S-24: whoever holds the relay or Redis has a signature for the true claims only."""
    api, session = connected
    change_company(stack, api, plan="basic")
    answer = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote"})[1]
    claims = claims_of(answer)
    claims["features"].append("files")
    widened = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    redis = read_redis(stack)
    stored = next(t for k in redis.scan_iter("*:ticket:*") if (t := json.loads(redis.get(k)))["conn_id"] == answer["conn_id"])
    offer = {"session": session.id, "conn_id": answer["conn_id"], "claims": widened, "signature": stored["signature"]}
    redis.publish("beistand.offer", json.dumps(offer))
    session.pc.wait_state("active", "offer_refused")
