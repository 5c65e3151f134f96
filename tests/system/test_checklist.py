"""The live pre-flight checklist and what the program says when the set-up fails: the technician sees each step, its reason
and that it was overcome (S-14, S-26 to S-28, S-31, S-32, S-35)."""
import secrets
import threading

import pytest
import requests

from customers import Session, cli_result
from flows import activate, new_e, new_technician, read_redis, wrong_code
from processes import bucket_of
from stack import wait_until

STEPS = ["page_opened", "program_started", "administrator", "windows_version", "no_host", "no_session", "network", "set_up",
         "code", "paired"]


@pytest.fixture
def tina(stack):
    return new_technician(stack)


def step(session, name):
    return next(s for s in session["checklist"] if s["step"] == name)


def states(session):
    return {s["step"]: s["state"] for s in session["checklist"]}


def report(stack, made, **body):
    """What the install page's script or the program posts before the code."""
    answer = requests.post(f"{stack.origin}/agent/v1/invitations/reports", timeout=10, verify=stack.info["ca"],
                           json={"token": made["install_url"].split("#")[1], **body})
    return answer.status_code, answer.json()


def test_a_new_session_has_the_ten_steps_in_their_order(tina):
    """S-14"""
    made = tina.create()[1]
    assert [s["step"] for s in made["checklist"]] == STEPS
    assert all(s["state"] == "pending" and s["at"] is None and s["reason"] is None for s in made["checklist"])
    assert made["setup"] is None


def test_only_the_pages_script_ticks_page_opened(stack, tina):
    """S-14: a mail scanner fetches page, script and file; the script alone knows the token and posts it."""
    made = tina.create()[1]
    for path in (f"/i/{made['id']}", f"/i/{made['id']}/download", "/page/install.js"):
        requests.get(stack.origin + path, verify=stack.info["ca"], timeout=10)
        requests.head(stack.origin + path, verify=stack.info["ca"], timeout=10)
    assert tina.session(made["id"])["version"] == made["version"]
    assert report(stack, made, checks={"opened": "ok"})[0] == 200
    opened = step(tina.session(made["id"]), "page_opened")
    assert opened["state"] == "ok" and opened["at"]


def test_the_steps_go_on_as_the_program_does(stack, tina, tmp_path):
    """S-14: each with its time, in their order; the page was not used, so its step is skipped."""
    session = Session(stack, tina, tmp_path)
    session.start(code=False)
    session.pc.wait_state("code")
    seen = tina.wait(session.id, lambda s: step(s, "set_up")["state"] == "ok")
    assert states(seen) == {**dict.fromkeys(STEPS, "ok"), "page_opened": "skipped", "code": "pending", "paired": "pending"}
    session.pc.say(f"code {session.code}")
    seen = tina.wait(session.id, lambda s: step(s, "code")["state"] == "ok")
    assert step(seen, "paired")["state"] == "pending"
    session.pair()
    seen = tina.wait(session.id, lambda s: step(s, "paired")["state"] == "ok")
    times = [s["at"] for s in seen["checklist"][1:]]
    assert all(times) and times == sorted(times) and seen["paired"] is True
    session.close()


def test_the_checklist_is_told_live(stack, tina):
    """S-14 S-71"""
    made = tina.create()[1]
    with requests.get(stack.origin + "/v1/events", stream=True, timeout=15, verify=stack.info["ca"],
                      headers={"Authorization": f"Bearer {tina.key}"}) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        next(line for line in lines if line.startswith("event: ready"))
        report(stack, made, checks={"started": "ok"}, reason="host_installed")
        assert "host_installed" in next(line for line in lines if line.startswith("data:") and made["id"] in line)


@pytest.mark.parametrize("name, reason", [
    ("administrator", "not_administrator"), ("windows_version", "windows_unsupported"), ("no_host", "host_installed"),
    ("no_session", "already_activated"), ("set_up", "service_failed"),
])
def test_what_the_pc_lacks_is_said_on_both_sides_and_can_be_overcome(stack, tina, tmp_path, name, reason):
    """S-26 S-27 S-28 S-31 S-32: the program says why and stops; the invitation lives, and the next start goes on."""
    session = Session(stack, tina, tmp_path)
    session.start("--fail", reason, code=False)
    session.pc.wait_state("over", reason)
    assert session.pc.child.wait(10) == 0
    seen = tina.wait(session.id, lambda s: s["setup"])
    assert seen["status"] == "invited" and seen["setup"]["reason"] == reason
    assert (step(seen, name)["state"], step(seen, name)["reason"]) == ("failed", reason) and step(seen, name)["at"]
    session.pc.close()
    session.start("--language", "de")
    session.pc.wait_state("active", "online")
    seen = tina.wait(session.id, lambda s: step(s, "code")["state"] == "ok")
    assert seen["setup"] is None and step(seen, name) == {**step(seen, name), "state": "ok", "reason": None}
    session.close()


def test_a_wrong_code_shows_in_its_step_until_the_right_one(stack, tina):
    """S-14 S-31 S-34"""
    made = tina.create()[1]
    for by in range(1, 6):
        activate(stack, made, wrong_code(made["code_prefix"], by))
        code = step(tina.session(made["id"]), "code")
        assert (code["state"], code["reason"]) == ("failed", "attempts_exhausted" if by == 5 else "code_invalid") and code["at"]
    again = tina.call("POST", f"/v1/sessions/{made['id']}/invitations", Idempotency_Key=secrets.token_hex(8))[1]
    assert states(again) == dict.fromkeys(STEPS, "pending")
    if made["code_prefix"] != again["code_prefix"]:
        activate(stack, again, made["code_prefix"])
        assert step(tina.session(made["id"]), "code")["reason"] == "code_superseded"
    assert activate(stack, again)[0] == 200
    assert step(tina.session(made["id"]), "code") == {**step(tina.session(made["id"]), "code"), "state": "ok", "reason": None}


@pytest.mark.parametrize("body", [
    {"checks": []}, {"checks": {"nonsense": "ok"}}, {"checks": {"opened": "maybe"}}, {"reason": "ended_by_operator"}, {"reason": 7},
    {"earlier": "x"}, {"detail": "d" * 501},
])
def test_a_malformed_report_is_refused(stack, tina, body):
    """S-36"""
    made = tina.create()[1]
    status, problem = report(stack, made, **body)
    assert (status, problem["reason"]) == (400, "invalid_request")
    assert tina.session(made["id"])["version"] == made["version"]


def test_a_report_that_never_ends_is_not_listened_to_for_ever(stack, tina):
    """Who has a link can report, so what it can make us write is bounded."""
    made = tina.create()[1]
    read_redis(stack).hset(f"{{s{bucket_of(tina.company):02d}}}:session:{made['id']}", "told", 999)
    assert report(stack, made, checks={"network": "ok"})[0] == 200
    told = tina.session(made["id"])
    assert report(stack, made, checks={"network": "failed"})[0] == 200
    assert tina.session(made["id"]) == told and step(told, "network")["state"] == "ok"


# ---- an earlier session on the same PC ----

def test_an_open_session_of_a_colleague_is_named_and_nothing_of_it_is_touched(stack, tina, tmp_path):
    """S-31 already_activated: the program presents the credential of the session it finds; the server knows whose it is."""
    first = Session(stack, tina, tmp_path).online().pair()
    kim = new_technician(stack, tina.company)
    second = Session(stack, kim, tmp_path)
    second.folder = first.folder  # the same PC
    second.start(code=False)
    over = second.pc.wait_state("over", "already_activated")
    assert over["technician"] == "Tina Muster" and over["company"] == "Muster GmbH" and over["text"]
    assert not [line for line in second.pc.seen if line.get("event") in ("removed", "installed")]
    seen = kim.wait(second.id, lambda s: s["setup"])
    assert seen["setup"] == {"reason": "already_activated", "detail": "Tina Muster, Muster GmbH"}
    assert step(seen, "no_session")["reason"] == "already_activated" and seen["status"] == "invited"
    assert tina.session(first.id)["online"] and first.pc.child.poll() is None
    with first.connect(seconds=1) as viewer:
        assert viewer.child.wait(30) == 0, "the open session goes on"
    second.close()
    first.close()


def test_only_the_credential_counts_not_the_name_of_a_session(stack, tina):
    """S-31: whoever knows an id alone learns nothing about that session."""
    first = tina.create()[1]
    assert activate(stack, first)[0] == 200
    kim = new_technician(stack)
    made = kim.create()[1]
    for token in ("0" * 52, "", "x"):
        status, body = report(stack, made, checks={"started": "ok"}, earlier={"session": first["id"], "agent_token": token})
        assert status == 200 and "own" not in body
    assert kim.session(made["id"])["setup"] is None


def test_ones_own_open_session_is_said_to_be_ones_own(stack):
    """S-31: your own → nothing to do, connect."""
    api = new_technician(stack)
    read_redis(stack).hset(f"{{s{bucket_of(api.company):02d}}}:company:{api.company}", "limit_technician", 2)
    kim = new_technician(stack, api.company)
    first = api.create()[1]
    token = activate(stack, first)[1]["agent_token"]
    for client, own in ((api, True), (kim, False)):
        made = client.create()[1]
        status, problem = report(stack, made, checks={"started": "ok"}, earlier={"session": first["id"], "agent_token": token})
        assert (status, problem["reason"], problem["own"]) == (409, "already_activated", own)
        assert problem["technician"] == "Tina Muster"


@pytest.mark.parametrize("ended", [True, False])
def test_left_overs_of_an_earlier_session_never_block_a_new_one(stack, tmp_path, ended):
    """S-35: of a session that ended while the PC was off (its receipt is delivered late), and of a set-up broken off."""
    tina = new_technician(stack)
    first = Session(stack, tina, tmp_path)
    first.start(code=ended)
    first.pc.wait_state("active" if ended else "code", "online" if ended else None)
    first.pc.child.kill()
    first.pc.close()
    tina.end(first.id)
    second = Session(stack, tina, tmp_path)
    second.folder = first.folder
    second.start()
    second.pc.wait_event("removed")
    second.pc.wait_state("active", "online", 40)
    assert [line["event"] for line in second.pc.seen if line.get("event") in ("removed", "installed")] == ["removed", "installed"]
    if ended:
        assert tina.session(first.id)["removal"] == "removed"
    second.pair()
    assert step(tina.wait(second.id, lambda s: s["paired"]), "no_session")["state"] == "ok"
    second.close()


# ---- set-up with the session password (S-32) ----

def test_a_password_that_the_policy_refuses_is_replaced_in_the_same_session(stack, tina, tmp_path):
    """S-32 password_refused_by_policy: the rule is said; no new invitation, no new code."""
    session = Session(stack, tina, tmp_path)
    session.start("--fail", "password_refused_by_policy")
    session.pc.wait_state("active", "online")
    pair = ("pair", session.id, "--code", session.code, "--password-file")
    refused, status = cli_result(session.cli, *pair, session.cli.set_password("short888"))
    assert (status, refused["reason"], refused["detail"]) == (1, "password_refused_by_policy", "min_length=12")
    seen = tina.wait(session.id, lambda s: s["setup"])
    assert seen["setup"] == {"reason": "password_refused_by_policy", "detail": "min_length=12"} and seen["status"] == "active"
    assert (step(seen, "set_up")["state"], step(seen, "set_up")["reason"]) == ("failed", "password_refused_by_policy")
    assert cli_result(session.cli, *pair, session.cli.set_password("a longer and better one")) == ({"paired": True}, 0)
    seen = tina.wait(session.id, lambda s: s["paired"])
    assert seen["setup"] is None and step(seen, "set_up")["state"] == "ok" and seen["generation"] == 1
    with session.connect(seconds=1) as viewer:
        assert viewer.child.wait(30) == 0
    session.close()


def test_an_account_that_cannot_be_made_is_said_on_both_sides(stack, tina, tmp_path):
    """S-32 account_failed: after a restart of the program the same session goes on."""
    session = Session(stack, tina, tmp_path)
    session.start("--fail", "account_failed")
    session.pc.wait_state("active", "online")
    pair = ("pair", session.id, "--code", session.code, "--password-file", session.cli.password_file)
    assert cli_result(session.cli, *pair)[0]["reason"] == "account_failed"
    assert tina.wait(session.id, lambda s: s["setup"])["setup"]["reason"] == "account_failed"
    session.pc.close()
    session.start("--name", "SIMPC", code=False)
    session.pc.wait_state("active", "online")
    assert cli_result(session.cli, *pair) == ({"paired": True}, 0)
    assert tina.wait(session.id, lambda s: s["paired"])["setup"] is None
    session.close()


def test_nothing_of_the_password_or_code_is_told_to_the_server(stack, tina, tmp_path):
    """S-2: reports of a refused password carry the rule, never the password."""
    session = Session(stack, tina, tmp_path)
    session.start("--fail", "password_refused_by_policy")
    session.pc.wait_state("active", "online")
    secret = "Zq8" + new_e()
    session.cli.run("pair", session.id, "--code", session.code, "--password-file", session.cli.set_password(secret[:11]), good=False)
    tina.wait(session.id, lambda s: s["setup"])
    session.close()
    dump = str(read_redis(stack).hgetall(f"{{s{bucket_of(tina.company):02d}}}:session:{session.id}"))
    logs = "".join(p.read_text(errors="replace") for p in (stack.root / "log").glob("*.log"))
    for hidden in (secret[:11], session.digits):
        assert hidden not in dump and hidden not in logs


def test_consent_is_asked_once_per_function_and_can_be_taken_back(stack, tina, tmp_path):
    """S-45 S-33 consent_refused: no, then yes, then no again while connected."""
    session = Session(stack, tina, tmp_path, "--ask-consent").online().pair()
    args = ("connect", session.id, "--password-file", session.cli.password_file, "--seconds", 60)
    result = {}
    asking = threading.Thread(target=lambda: result.update(first=cli_result(session.cli, *args)))
    asking.start()
    session.pc.wait_event("consent_asked")
    session.pc.say("consent remote no")
    asking.join(30)
    assert (result["first"][0]["reason"], result["first"][1]) == ("consent_refused", 1)
    mark = len(session.pc.seen)
    asking = threading.Thread(target=lambda: result.update(second=cli_result(session.cli, *args)))
    asking.start()
    wait_until(lambda: read_asked(session.pc, mark), 20, lambda: "consent to be asked again")
    session.pc.say("consent remote yes")
    session.pc.wait(lambda line: line.get("event") == "viewers" and line["n"] == 1, what="viewer")
    with session.connect(seconds=1) as viewer:
        assert viewer.child.wait(30) == 0, "a second connection does not ask again"
    session.pc.say("consent remote no")
    asking.join(40)
    assert result["second"][1] == 1
    session.close()


def read_asked(pc, mark):
    """Lines that came since are taken from the queue."""
    try:
        pc.wait(lambda line: False, 0.2)
    except AssertionError:
        pass
    return [line for line in pc.seen[mark:] if line.get("event") == "consent_asked"]


def test_the_last_known_state_of_an_offline_pc_is_said(stack, tina, tmp_path):
    """S-33 computer_offline: reboot, shut down, closed, and a connection that was simply lost."""
    session = Session(stack, tina, tmp_path).online()
    for leave, state in (("reboot", "reboot"), ("shutdown", "shut_down"), (None, "connection_lost")):
        if leave:
            session.pc.say(leave)
        else:
            session.pc.child.kill()
        session.pc.child.wait(10)
        session.pc.close()
        offline = tina.wait(session.id, lambda s: not s["online"] and s["last_online"])
        assert offline["last_state"] == state, (leave, offline["last_state"])
        problem = tina.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote"})[1]
        assert (problem["reason"], problem["last_state"]) == ("computer_offline", state)
        session.start(code=False)
        session.pc.wait_state("active", "online")
        tina.wait(session.id, lambda s: s["online"] and s["last_state"] is None)
    session.close()
