"""Every way a session ends, what the program does then, and what becomes of invitations and their mail (S-9 to S-12, S-30)."""
import secrets

import pytest
import requests

from customers import Session
from flows import activate, new_technician, wait_mail, wrong_code
from stack import wait_until

REMOVAL_MS = 4000


@pytest.fixture(scope="module")
def suite(make_stack):
    """Mail is tried again at once; receipts are waited for four seconds instead of a day."""
    return make_stack(env={"REMOVAL_TTL_MS": str(REMOVAL_MS), "MAIL_RETRY_MS": "1000"})


@pytest.fixture(scope="module")
def hasty(make_stack):
    """Sessions live eight seconds, invitations five."""
    return make_stack(env={"SESSION_TTL_MS": "8000", "INVITATION_TTL_MS": "5000", "REMOVAL_TTL_MS": str(REMOVAL_MS)})


@pytest.fixture
def tina(suite):
    return new_technician(suite)


def invite_again(api, sid):
    return api.call("POST", f"/v1/sessions/{sid}/invitations", Idempotency_Key=secrets.token_hex(8))


# ---- ends ----

@pytest.mark.parametrize("end, reason", [
    (lambda s, admin: s.api.end(s.id), "ended_by_technician"),
    (lambda s, admin: admin.end(s.id), "ended_by_admin"),
    (lambda s, admin: s.pc.say("end"), "ended_by_customer"),
    (lambda s, admin: s.api.call("DELETE", f"/v1/computers/{s.id}?force=true"), "computer_deleted"),
])
def test_an_end_reaches_the_pc_which_removes_itself_and_proves_it(suite, tina, tmp_path, end, reason):
    """S-9 S-10 S-36: with a technician connected, who hears the same reason."""
    admin = new_technician(suite, tina.company, role="administrator")
    session = Session(suite, tina, tmp_path).online().pair()
    with session.connect() as viewer:
        end(session, admin)
        session.pc.wait_state("over", reason, 30)
        assert viewer.child.wait(20) == 1
    assert session.pc.child.wait(10) == 0 and session.pc.wait_event("removed")
    ended = tina.wait(session.id, lambda s: s["removal"] == "removed")
    assert (ended["status"], ended["reason"]) == ("ended", reason) and ended["removed_at"] and ended["ended_at"]
    assert f'"{reason}"' in (session.folder / "connect.log").read_text()
    assert tina.end(session.id)[1]["reason"] == reason, "an ended session stays what it is"
    assert invite_again(tina, session.id)[1]["reason"] == "wrong_state"
    assert tina.create()[0] == 201, "the seat is free"
    session.close()


def test_a_session_ends_after_its_time_even_when_the_pc_is_offline(hasty, tmp_path):
    """S-9 S-10 S-36 session_expired: the program finds the end by its own clock."""
    api = new_technician(hasty)
    session = Session(hasty, api, tmp_path).online()
    for service in ("relay-1", "activation-1"):
        hasty.stop(service)
    try:
        session.pc.wait_state("removing", "session_expired", 30)
        api.wait(session.id, lambda s: s["reason"] == "session_expired" and s["removal"] in ("pending", "unconfirmed"), 20)
    finally:
        for service in ("relay-1", "activation-1"):
            hasty.start(service)
        hasty.wait_ready(["relay-1", "activation-1"])
    session.pc.wait_state("over", "session_expired", 60)
    api.wait(session.id, lambda s: s["removal"] == "removed")
    session.close()


def test_an_invitation_that_nobody_uses_expires_and_says_so(hasty):
    """S-11 S-31 invitation_expired: its seat is free, link and page say it is over."""
    api = new_technician(hasty)
    made = api.create()[1]
    ended = api.wait(made["id"], lambda s: s["status"] == "ended", 20)
    assert (ended["reason"], ended["removal"]) == ("invitation_expired", "none") and api.create()[0] == 201
    assert activate(hasty, made)[1]["reason"] == "invitation_expired"
    page = requests.get(f"{hasty.origin}/i/{made['id']}", verify=hasty.info["ca"], timeout=10)
    assert 'data-state="ended"' in page.text
    download = requests.get(f"{hasty.origin}/i/{made['id']}/download", verify=hasty.info["ca"], timeout=10)
    assert download.json()["reason"] == "invitation_expired"


def test_a_receipt_that_does_not_come_is_pending_then_unconfirmed_and_still_counts_later(suite, tina, tmp_path):
    """S-10: the PC was switched off when the session ended, and is started again the next day."""
    session = Session(suite, tina, tmp_path).online()
    session.pc.say("shutdown")
    assert session.pc.child.wait(10) == 0
    status, ended = tina.end(session.id)
    assert (status, ended["removal"], ended["removed_at"]) == (202, "pending", None)
    assert tina.create()[0] == 201, "the seat is free at the end, not at the receipt"
    assert tina.wait(session.id, lambda s: s["removal"] == "unconfirmed", 20)["removed_at"] is None
    session.start(code=False)
    session.pc.wait_state("over", "ended_by_technician", 30)
    assert tina.wait(session.id, lambda s: s["removal"] == "removed")["removed_at"]
    session.close()


def test_a_receipt_of_somebody_else_is_not_believed(suite, tina):
    """S-10: signed with the key that was registered at the activation, for this session."""
    made = tina.create()[1]
    assert activate(suite, made)[0] == 200
    tina.end(made["id"])
    answer = requests.post(f"{suite.origin}/agent/v1/sessions/{made['id']}/receipt", verify=suite.info["ca"], timeout=10,
                           json={"receipt": "e30", "signature": "A" * 86})
    assert answer.status_code == 401 and answer.json()["reason"] == "unauthenticated"
    assert tina.session(made["id"])["removal"] in ("pending", "unconfirmed")


# ---- send again ----

def test_send_again_makes_a_new_link_code_and_mail_and_the_old_ones_say_so(suite, tina):
    """S-12 S-31"""
    address = f"kim-{secrets.token_hex(4)}@example.com"
    made = tina.create(send_email=True, customer_email=address)[1]
    first = wait_mail(suite, address)
    sent = tina.wait(made["id"], lambda s: s["mail"]["state"] == "sent")["mail"]
    status, again = invite_again(tina, made["id"])
    assert status == 201 and again["mail"] == {"state": "queued", "sent_at": None, "retry_at": None, "tries": 0}
    second = wait_mail(suite, address, count=2)
    assert second.link == again["install_url"] != first.link == made["install_url"]
    assert tina.wait(made["id"], lambda s: s["mail"]["state"] == "sent")["mail"]["sent_at"] > sent["sent_at"]
    assert again["invitation_expires_at"] > made["invitation_expires_at"] and again["attempts_left"] == 5
    assert activate(suite, made)[1]["reason"] == "invitation_superseded"
    assert activate(suite, again)[0] == 200
    assert invite_again(tina, made["id"])[1]["reason"] == "wrong_state"


def test_send_again_unlocks_a_locked_invitation(suite, tina):
    """S-12 S-34"""
    made = tina.create()[1]
    for by in range(1, 6):
        activate(suite, made, wrong_code(made["code_prefix"], by))
    assert activate(suite, made)[1]["reason"] == "attempts_exhausted"
    again = invite_again(tina, made["id"])[1]
    if made["code_prefix"] != again["code_prefix"]:
        status, problem = activate(suite, again, made["code_prefix"])
        assert (problem["reason"], problem["attempts_left"]) == ("code_superseded", 4)
    assert activate(suite, again)[0] == 200


# ---- mail ----

def test_a_mail_that_is_refused_for_good_is_a_state_of_the_mail(suite, tina):
    """S-30 mail_rejected: the session stays, and its link is shared another way."""
    made = tina.create(send_email=True, customer_email="refused@example.com")[1]
    mail = tina.wait(made["id"], lambda s: s["mail"]["state"] == "mail_rejected")["mail"]
    assert mail["sent_at"] is None and mail["retry_at"] is None and mail["tries"] == 1
    assert tina.session(made["id"])["status"] == "invited" and activate(suite, made)[0] == 200


def test_a_delayed_mail_shows_when_it_is_tried_again_and_arrives(suite, tina):
    """S-30 mail_delayed: two refusals for now, then it is taken."""
    address = f"deferred@{secrets.token_hex(4)}.example.com"
    made = tina.create(send_email=True, customer_email=address)[1]
    seen = []

    def arrived():
        mail = tina.session(made["id"])["mail"]
        if not seen or seen[-1] != mail:
            seen.append(mail)
        return mail["state"] == "sent"
    wait_until(arrived, 30, lambda: f"the mail to arrive: {seen}")
    delayed = [mail for mail in seen if mail["state"] == "mail_delayed"]
    assert delayed and all(mail["retry_at"] and not mail["sent_at"] for mail in delayed)
    assert seen[-1]["retry_at"] is None and seen[-1]["sent_at"] >= delayed[-1]["retry_at"] and seen[-1]["tries"] == 3
    assert wait_mail(suite, address).link == made["install_url"]
