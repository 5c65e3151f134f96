"""The main job through the whole stack: invited by mail, activated by a spoken code, paired, seen and typed to, ended
and gone. The program's core on Linux (simpc) is the customer's PC, beistand-cli is the technician."""
import concurrent.futures
import re
import secrets
import string

import pytest
import requests

from flows import TYPED, Cli, Support, activate, mails, new_e, read_redis, replica, wait_mail, wrong_code
from stack import wait_until

FETCHES = 20


def random_text(n=20):
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(n))


@pytest.fixture(scope="module")
def stack(make_stack):
    """Two of everything that carries a session. Where `make agent` has not run, any bytes are the program."""
    made = make_stack(replicas={"gateway": 2, "activation": 2, "relay": 2})
    program = made.root / "program" / "beistand-support.exe"
    if not program.exists():
        program.write_bytes(b"MZ" + secrets.token_bytes(300_000))
    return made


@pytest.fixture
def support(stack, tmp_path):
    made = []

    def make(*options, **fields):
        made.append(Support(stack, tmp_path / f"session-{len(made)}", *options, **fields))
        return made[-1]
    yield make
    for one in made:
        one.close()


def fetch_everything(stack, link, program):
    """What mail scanners and careful customers do, all at once."""
    page, ca = link.split("#")[0], str(stack.root / "secrets" / "ca.pem")

    def fetch(i):
        get = requests.get(page, verify=ca, timeout=20)
        head = requests.head(page + "/download", verify=ca, timeout=20)
        file = requests.get(page + "/download", verify=ca, timeout=20)
        return (get.status_code, requests.head(page, verify=ca, timeout=20).status_code, head.status_code,
                file.status_code, file.headers["content-disposition"], file.content == program)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(fetch, range(FETCHES)))
    assert answers == {(200, 200, 200, 200, "attachment", True)}, answers


def check_mail(mail, one, company):
    """S-3: who writes, how to reach them, the link and its typed form; no code, no password."""
    assert mail.link == one.link and mail.typed == TYPED.search(one.link).group(0)
    shown = mail.text.replace(mail.link, "").replace(mail.typed, "")
    assert "Tina Muster" in shown and company in shown and "+49 30" in shown and "Kim Kunde" in shown
    assert "Support-Programm" in shown and "Windows-PC" in shown, "the customer's language is German"
    assert mail.link in mail.html.replace("&amp;", "&") and mail.typed in mail.html and "Tina Muster" in mail.html
    raw = mail.path.read_text(errors="replace").replace("=\n", "").replace("=\r\n", "")
    for secret in (one.e, one.code, one.e[:4] + " " + one.e[4:], one.password):
        assert secret not in mail.text and secret not in mail.html and secret not in raw
    assert not re.search(rf"(?<![\w+]){one.code[:4]}(?!\w)", shown), "the code's first digits are in the mail"


def test_the_main_job_from_the_mail_to_the_removal(stack, support):
    """S-1 to S-10: nothing before the code consumes anything; what was drawn and typed arrives; nothing is left."""
    program = (stack.root / "program" / "beistand-support.exe").read_bytes()
    one = support(invite=("--email", "kim@example.com", "--name", "Kim Kunde", "--language", "de"))
    mail = wait_mail(stack, "kim@example.com")
    check_mail(mail, one, "Muster GmbH")
    before = one.api.wait(one.id, lambda s: s["mail"]["state"] == "sent", what="mail sent")
    assert before["mail"]["sent_at"] and before["status"] == "invited"
    fetch_everything(stack, mail.link, program)
    assert one.api.session(one.id) == before
    one.link = mail.link
    one.paired()
    active = one.api.session(one.id)
    assert active["status"] == "active" and active["machine"]["name"] == "SIMPC" and active["checks"]["set_up"] == "ok"
    drawn, typed = random_text(), random_text()
    assert one.pc.say(f"say {drawn}")
    assert one.read_screen(0) == drawn
    one.type(typed)
    assert one.read_screen(1) == typed
    assert one.api.end(one.id)[0] == 202
    one.ended("ended_by_technician")
    assert one.api.create()[0] == 201, "the seat is free again"


def test_the_customer_ends_the_session(support):
    """S-9"""
    one = support().paired()
    assert one.pc.say("end")
    one.ended("ended_by_customer")


def test_a_customer_who_ended_it_offline_stays_out(stack, support):
    """S-9 S-45: out at once; said to the server when there is one again, also by a program that was killed meanwhile."""
    one = support().paired()
    stack.stop("edge")
    try:
        assert one.pc.say("end")
        one.pc.kill()
    finally:
        stack.start("edge")
    one.start_pc()
    one.ended("ended_by_customer")


def test_pairing_from_another_browser_with_the_noted_digits(stack, support, tmp_path):
    """S-4: the page that made the code is closed; another sign-in of the technician finishes the set-up."""
    one = support().online()
    elsewhere = Cli(stack, stack.directory.create_key(one.api.company, one.api.id), tmp_path / "elsewhere")
    elsewhere.set_password(one.password)
    assert elsewhere.run("pair", one.id, "--code", one.e[:4] + "-" + one.e[4:], "--password-file",
                         elsewhere.password_file) == [{"paired": True}]
    one.pc.wait_event("account_made")
    text = random_text()
    one.pc.say(f"say {text}")
    assert one.read_screen(0) == text
    assert one.cli.refused(*one.with_password("pair", "--code", one.code))[0] == "wrong_state", "e is used up"


def test_five_wrong_pairings_drop_e_and_a_new_one_works_in_place(support, tmp_path):
    """S-5 DESIGN 4: the same program, the same session, another e."""
    one = support().online()
    tries = [one.cli.refused(*one.with_password("pair", "--code", new_e()))[0] for _ in range(5)]
    assert tries == ["code_invalid"] * 5
    one.pc.wait_event("ask_digits")
    assert one.cli.refused(*one.with_password("pair", "--code", one.code))[0] == "attempts_exhausted"
    fresh = new_e()
    assert not one.pc.say(f"digits {fresh[:7]}{(int(fresh[7]) + 1) % 10}"), "the check digit finds a typing error"
    assert one.pc.say(f"digits {fresh}")
    assert one.pair(fresh) == [{"paired": True}]
    assert one.api.session(one.id)["status"] == "active"


def test_wrong_passwords_are_delayed_and_never_lock(support, tmp_path):
    """S-33 password_wrong: counted at the PC; the sixth try waits, the right password works afterwards."""
    one = support().paired()
    right = one.password
    one.cli.set_password("not the password")
    tries = [one.cli.refused(*one.with_password("screenshot", tmp_path / "no.png")) for _ in range(5)]
    assert [reason for reason, _ in tries] == ["password_wrong"] * 5
    assert "retry_after_ms" not in tries[3][1] and "retry_after_ms" in tries[4][1]
    one.cli.set_password(right)
    reason, detail = one.cli.refused(*one.with_password("screenshot", tmp_path / "no.png"))
    assert reason == "password_wrong" and 0 < int(detail.split()[-1]) <= 5000, "even the right one waits"
    text = random_text()
    one.pc.say(f"say {text}")
    picture = tmp_path / "yes.png"
    wait_until(lambda: one.cli.run(*one.with_password("screenshot", picture), good=False) and picture.exists(), 15,
               lambda: "the right password after the delay")
    assert one.read_screen(0) == text


def test_five_wrong_codes_at_once_lock_and_send_again_unlocks(stack, support):
    """S-34 S-12: counted exactly over two replicas; the old link and code say what they are."""
    one = support()
    made = {"install_url": one.link, "code_prefix": one.code[:4]}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda i: activate(stack, made, wrong_code(made["code_prefix"], i + 1),
                                                   base=replica(stack, "activation", i % 2 + 1)), range(20)))
    reasons = [body["reason"] for _, body in answers]
    assert sorted(body["attempts_left"] for _, body in answers if body["reason"] == "code_invalid") == [1, 2, 3, 4]
    assert reasons.count("attempts_exhausted") == 16, reasons
    assert record(stack, one.id)["attempts"] == "5" and one.api.session(one.id)["attempts_left"] == 0
    pc = one.start_pc()
    pc.wait_event("attempts_exhausted")
    status, again = one.api.call("POST", f"/v1/sessions/{one.id}/invitations", Idempotency_Key=secrets.token_hex(8))
    assert status == 201 and again["attempts_left"] == 5 and again["generation"] == 2
    assert activate(stack, made)[1]["reason"] == "invitation_superseded"
    if again["code_prefix"] != made["code_prefix"]:
        refused = activate(stack, again, made["code_prefix"])[1]
        assert (refused["reason"], refused["attempts_left"]) == ("code_superseded", 4)
    pc.close()
    one.folder = one.folder / "again"
    one.link, one.code = again["install_url"], again["code_prefix"] + " " + one.code[5:]
    one.paired()


def record(stack, sid):
    r = read_redis(stack)
    return r.hgetall(next(r.scan_iter(f"*:session:{sid}", count=10000)))


def test_the_program_says_that_a_link_is_superseded_and_leaves(support):
    """S-31 invitation_superseded: the customer opened the older mail."""
    one = support()
    assert one.api.call("POST", f"/v1/sessions/{one.id}/invitations", Idempotency_Key=secrets.token_hex(8))[0] == 201
    assert one.start_pc().wait_over() == "invitation_superseded"


def test_a_wrong_code_is_corrected_in_the_program(support):
    """S-5: the check digit finds a typing error before anything is sent; a wrong a is told with the tries left."""
    one = support()
    pc = one.start_pc(wrong_code(one.code[:4]) + one.code[4:])
    assert pc.wait_event("code_invalid")["n"] == 4
    assert not pc.say(f"code {one.code[:-1]}{(int(one.code[-1]) + 1) % 10}")
    assert one.api.session(one.id)["attempts_left"] == 4, "the mistyped code was not sent"
    assert pc.say(f"code {one.code}")
    pc.wait_state("active")


def test_the_code_of_another_session_does_not_fit(support):
    """S-31 code_invalid: links and codes belong together, on the server (a) and at the PC (e)."""
    one, other = support(), support()
    if one.code[:4] != other.code[:4]:
        assert one.start_pc(other.code).wait_event("code_invalid")["n"] == 4
        one.pc.kill()
    other.folder = other.folder / "pc-of-the-other"
    other.online()
    assert other.cli.refused(*other.with_password("pair", "--code", one.code))[0] == "code_invalid"


def test_a_lost_activation_reply_is_asked_for_again(stack, support):
    """S-5: killed after the commit and before the reply; the program gets the same credential by its own key."""
    one = support()
    stack.stop("activation-2")
    stack.stop("activation-1")
    stack.start("activation-1", {"FAILPOINT": "activation.reply"})
    stack.wait_ready(["activation-1"])
    try:
        pc = one.start_pc()
        wait_until(lambda: not stack.process("activation-1").pid, 15, lambda: "the failpoint was not reached")
        assert record(stack, one.id)["state"] == "active"
    finally:
        for name in ("activation-1", "activation-2"):
            if not stack.process(name).pid:
                stack.start(name)
        stack.wait_ready(["activation-1", "activation-2"])
    pc.wait(lambda l: l.get("reason") == "online", 30, "online after all")
    assert record(stack, one.id)["attempts"] == "0"
    one.api.wait(one.id, lambda s: s["online"])
    assert one.pair() == [{"paired": True}]


def stream_of(pc):
    """What the program sent and received on the newest viewer's screen channel so far."""
    mark = len(pc.seen)
    pc.say("digest")
    return pc.wait_event("stream", since=mark)


def busy_relay(stack):
    """The relay whose bytes grow: it carries the stream."""
    def total(name):
        text = requests.get(stack.health(name) + "/metrics", timeout=5).text
        found = re.search(r"^beistand_relay_bytes_total (\S+)", text, re.M)
        return float(found.group(1)) if found else 0
    before = {name: total(name) for name in stack.instances("relay")}
    return wait_until(lambda: next((n for n in before if total(n) > before[n] + 5000), None), 15,
                      lambda: "no relay carries the stream")


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "drained"])
def test_losing_a_relay_while_connected_is_a_blink(stack, support, kill):
    """S-8: the viewer resumes without the password, and not a byte of the stream is lost, doubled or changed."""
    one = support().paired()
    viewer = one.connect(11)
    one.cli.set_password("nobody asks for it")
    one.pc.say("move")
    name = busy_relay(stack)
    (stack.kill if kill else stack.stop)(name)
    try:
        viewer.wait(lambda l: l.get("resumed") == 1, 10, "resumed")
    finally:
        stack.start(name)
    resumed_at = stream_of(one.pc)["sent"]
    wait_until(lambda: stream_of(one.pc)["sent"] > resumed_at + 5000, 10, lambda: "nothing more came after the resume")
    one.pc.say("still")
    here = viewer.wait(lambda l: l.get("event") == "stream", 60, "the viewer's digest")
    there = stream_of(one.pc)
    assert (here["received"], here["received_sha256"]) == (there["sent"], there["sent_sha256"])
    assert (here["sent"], here["sent_sha256"]) == (there["received"], there["received_sha256"])
    stack.wait_ready([name])


def test_a_killed_program_goes_on_where_it_was(support):
    """S-8: killed -9 with a viewer connected and started again (as Windows starts its service again)."""
    one = support().paired()
    viewer = one.connect(25)
    one.pc.kill()
    one.start_pc()
    assert one.pc.wait_state("active")["reason"] == "restarted"
    viewer.wait(lambda l: l.get("resumed") == 1, 24, "connected again")
    text = random_text()
    one.pc.say(f"say {text}")
    assert one.read_screen(0) == text
    assert one.api.end(one.id)[0] == 202
    assert viewer.child.wait(20) == 1
    one.ended("ended_by_technician")


def test_a_program_that_was_off_at_the_end_learns_it_at_its_start(support):
    """S-10: ended while the PC was off; at its next start it removes itself and sends the receipt."""
    one = support().paired()
    one.pc.kill()
    ended = one.api.end(one.id)[1]
    assert ended["removal"] == "pending"
    one.start_pc()
    one.ended("ended_by_technician")


def test_without_administrator_rights_nothing_is_installed(support):
    """S-28 S-14: the program says so and stops; the technician's checklist shows why."""
    one = support("--fail", "not_administrator")
    assert one.start_pc().wait_over() == "not_administrator"
    assert not any(l.get("event") == "installed" for l in one.pc.seen)
    assert one.api.session(one.id)["checks"]["administrator"] == "failed"
    assert one.api.session(one.id)["status"] == "invited"


def test_a_password_that_the_policy_refuses_is_replaced_in_the_same_session(support):
    """S-32 password_refused_by_policy: a better one, without a new invitation."""
    one = support("--fail", "password_refused_by_policy").online()
    one.cli.set_password("too short!")
    assert one.cli.refused(*one.with_password("pair", "--code", one.code))[0] == "password_refused_by_policy"
    one.cli.set_password(one.password)
    assert one.pair() == [{"paired": True}]


def test_mail_that_cannot_be_delivered_is_a_state_of_the_mail(stack, support):
    """S-30 mail_rejected: the session stays; S-12: another try is the technician's."""
    one = support(invite=("--email", "refused@example.com"))
    now = one.api.wait(one.id, lambda s: s["mail"]["state"] == "mail_rejected", what="rejected")
    assert now["status"] == "invited" and not mails(stack, "refused@example.com")


def test_a_delayed_mail_waits_for_its_time_and_is_sent(make_stack, tmp_path):
    """S-30 mail_delayed: tried again after its wait and not before, whatever happens to the session meanwhile."""
    stack = make_stack(env={"MAIL_RETRY_MS": "4000"})
    with Support(stack, tmp_path, invite=("--email", "deferred@example.com")) as one:
        one.api.wait(one.id, lambda s: s["mail"]["state"] == "mail_delayed", what="delayed")
        # A change of the session is an event like the mail's own.
        token = one.link.split("#")[1]
        requests.post(stack.origin + "/agent/v1/invitations/reports", json={"token": token, "checks": {"opened": "ok"}},
                      verify=str(stack.root / "secrets" / "ca.pem"), timeout=10)
        one.api.wait(one.id, lambda s: s["checks"].get("opened") == "ok")
        tries = []

        def sent():
            tries.append(int(record(stack, one.id)["mail_tries"]))
            return mails(stack, "deferred@example.com")
        assert len(wait_until(sent, 40, lambda: f"tries {tries[-1]}")) == 1
        one.api.wait(one.id, lambda s: s["mail"]["state"] == "sent", what="sent")
        assert record(stack, one.id)["mail_tries"] == "3"


@pytest.fixture(scope="module")
def short(make_stack):
    """Lifetimes in seconds."""
    return make_stack(env={"SESSION_TTL_MS": "9000", "INVITATION_TTL_MS": "6000"})


def test_a_session_ends_at_its_time(short, tmp_path):
    """S-9 S-10 session_expired: the clock starts at the activation."""
    with Support(short, tmp_path) as one:
        one.paired()
        one.ended("session_expired")


def test_at_the_deadline_the_program_goes_also_without_a_network(short, tmp_path):
    """S-10: it removes itself by its own clock; the receipt is delivered when there is a network again."""
    with Support(short, tmp_path) as one:
        one.paired()
        short.stop("edge")
        try:
            assert one.pc.wait_state("receipt", 20)["reason"] == "session_expired"
        finally:
            short.start("edge")
        one.ended("session_expired")


def test_an_invitation_that_nobody_used_expires(short, tmp_path):
    """S-11: the program that waits for the code is told, the seat is free."""
    with Support(short, tmp_path) as one:
        pc = one.start_pc(wrong_code(one.code[:4]) + one.code[4:])
        pc.wait_event("code_invalid")
        one.api.wait(one.id, lambda s: s["status"] == "ended" and s["reason"] == "invitation_expired")
        pc.say(f"code {one.code}")
        assert pc.wait_over() == "invitation_expired"
        assert one.api.create()[0] == 201
