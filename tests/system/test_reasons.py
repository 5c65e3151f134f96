"""Every entry of proto/reasons.json is provoked in the running suite, and must show where the catalogue says: in the API,
in the journal, in the metric's label, in the program; and in both texts of seven languages that differ (S-30 to S-37, S-72).
A reason without a scenario here fails: whoever adds one says how it comes about."""
import html
import itertools
import json
import re
import secrets
import threading

import pytest
import requests

from customers import Session, cli_result, upgrade
from flows import activate, journal, new_technician, read_redis, wrong_code
from processes import ROOT, bucket_of
from stack import wait_until
from test_network import Middlebox, answer_of, config_for

REASONS = json.loads((ROOT / "proto" / "reasons.json").read_text())["reasons"]
LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"]
PLAIN = {"api": "problem", "event": None, "metric": "refusals", "program": False}
SCENARIOS = {}


def provokes(*codes):
    def register(function):
        for code in codes:
            SCENARIOS[code] = function
        return function
    return register


class Scene:
    """What scenarios share. seen: what the API said; session: whose events count; line: what the program showed."""

    def __init__(self, code, suite, hasty, tmp_path):
        self.code, self.suite, self.hasty, self.tmp = code, suite, hasty, tmp_path
        self.language = LANGUAGES[list(REASONS).index(code) % 7]
        self.seen = self.session = self.line = None
        self.open = []

    def technician(self, stack=None, colleague_of=None, permissions=None, role="technician", **company):
        stack = stack or self.suite
        fields = {"role": role, **({"permissions": permissions} if permissions else {})}
        api = new_technician(stack, colleague_of.company if colleague_of else None, **fields)
        self.change_company(api, **company)
        return api

    @staticmethod
    def change_company(api, **fields):
        if fields:
            read_redis(api.stack).hset(f"{{s{bucket_of(api.company):02d}}}:company:{api.company}", mapping=fields)

    def made(self, api, **body):
        status, made = api.create(**body)
        assert status == 201, made
        self.session = made["id"]
        return made

    def pc(self, api, *options, code=True):
        session = Session(api.stack, api, self.tmp)
        self.session = session.id
        self.open.append(session)
        session.start("--language", self.language, *options, code=code)
        return session

    def online(self, api, *options):
        session = self.pc(api, *options)
        session.pc.wait_state("active", "online")
        return session

    def says(self, session, seconds=20):
        """What the program shows for this reason."""
        self.line = session.pc.wait(lambda line: line.get("reason") == self.code and "text" in line, seconds, self.code)

    def close(self):
        for session in self.open:
            session.close()


@pytest.fixture(scope="module")
def suite(make_stack):
    return make_stack(env={"MAIL_RETRY_MS": "1000"})


@pytest.fixture(scope="module")
def hasty(make_stack):
    """Everything is over soon."""
    return make_stack(env={"SESSION_TTL_MS": "5000", "INVITATION_TTL_MS": "5000", "COMMAND_TIMEOUT_MS": "3000"})


# ---- creation ----

@provokes("plan_excludes_adhoc")
def no_plan(x):
    x.seen = x.technician(plan="trial").create()


@provokes("technician_limit")
def second_session(x):
    api = x.technician()
    api.create()
    x.seen = api.create()


@provokes("company_limit")
def sixth_session(x):
    api = x.technician(limit_company=1)
    api.create()
    x.seen = x.technician(colleague_of=api).create()


@provokes("no_licence")
def no_seat(x):
    x.seen = x.technician(seats=0).create()


@provokes("invalid_email")
def bad_address(x):
    x.seen = x.technician().create(send_email=True, customer_email="nobody")


@provokes("idempotency_conflict")
def same_key(x):
    api = x.technician()
    api.create(key="one key for two")
    x.seen = api.create(key="one key for two", note="another")


@provokes("mail_rejected", "mail_delayed")
def mail(x):
    api = x.technician()
    name = "refused" if x.code == "mail_rejected" else "unreachable"
    made = x.made(api, send_email=True, customer_email=f"{name}@{secrets.token_hex(4)}.example.com")
    x.seen = api.wait(made["id"], lambda s: s["mail"]["state"] == x.code)


# ---- activation ----

@provokes("code_invalid")
def wrong(x):
    api = x.technician()
    session = x.pc(api, code=False)
    session.pc.wait_state("code")
    session.pc.say(f"code {wrong_code(session.made['code_prefix'])}{session.digits}")
    x.says(session)
    x.seen = api.session(session.id)


@provokes("code_superseded")
def code_of_the_link_before(x):
    api = x.technician()
    session = Session(x.suite, api, x.tmp)
    old, x.session = session.made["code_prefix"], session.id
    while (again := invite_again(api, session.id))["code_prefix"] == old:
        old = again["code_prefix"]
    session.made = again
    x.open.append(session)
    session.start("--language", x.language, code=False)
    session.pc.wait_state("code")
    session.pc.say(f"code {old}{session.digits}")
    x.says(session)
    x.seen = api.session(session.id)


@provokes("attempts_exhausted")
def five_wrong(x):
    api = x.technician()
    session = x.pc(api, code=False)
    session.pc.wait_state("code")
    for by in range(1, 6):
        session.pc.say(f"code {wrong_code(session.made['code_prefix'], by)}{session.digits}")
        session.pc.wait(lambda line, n=5 - by: line.get("n") == n and line.get("event") in REASONS, 20, f"try {by}")
    x.says(session)
    x.seen = api.session(session.id)


@provokes("invitation_expired", "session_expired")
def out_of_time(x):
    api = x.technician(x.hasty)
    session = x.pc(api, code=x.code == "session_expired")
    x.seen = api.wait(session.id, lambda s: s["status"] == "ended", 30)
    if x.code == "invitation_expired":
        session.pc.say(f"code {session.code}")
    x.says(session, 30)


@provokes("invitation_superseded")
def old_link(x):
    api = x.technician()
    session = Session(x.suite, api, x.tmp)
    x.session = session.id
    invite_again(api, session.id)
    x.open.append(session)
    session.start("--language", x.language, code=False)
    x.says(session)
    x.seen = activate(x.suite, session.made)


@provokes("already_activated")
def earlier_session(x):
    api = x.technician()
    first = x.online(api)
    kim = x.technician(colleague_of=api)
    second = Session(x.suite, kim, x.tmp)
    second.folder, x.session = first.folder, second.id
    x.open.append(second)
    second.start("--language", x.language, code=False)
    x.says(second)
    x.seen = kim.wait(second.id, lambda s: s["setup"])


@provokes("host_installed", "not_administrator", "windows_unsupported", "service_failed")
def preflight(x):
    api = x.technician()
    session = x.pc(api, "--fail", x.code, code=False)
    x.says(session)
    session.pc.wait_state("over", x.code)
    x.seen = api.wait(session.id, lambda s: s["setup"])


@provokes("password_refused_by_policy", "account_failed")
def account(x):
    api = x.technician()
    session = x.online(api, "--fail", x.code)
    refused, _ = cli_result(session.cli, "pair", session.id, "--code", session.code, "--password-file",
                            session.cli.set_password("short888"))
    assert refused["reason"] == x.code
    x.says(session)
    x.seen = api.wait(session.id, lambda s: s["setup"])


@provokes("network_blocked")
def blocked(x):
    """The program's HTTP goes through, its WebSocket does not: so it can be told."""
    box = Middlebox(x.suite, x.suite.root / "secrets" / "server.pem",
                    lambda head: answer_of("403 Forbidden") if b"upgrade: websocket" in head.lower() else None)
    api = x.technician()
    session = Session(x.suite, api, x.tmp)
    x.session = session.id
    x.open.append(session)
    session.folder.mkdir(parents=True, exist_ok=True)
    session.start("--language", x.language, "--config", config_for(x.suite, session.folder, box.port))
    x.says(session, 40)
    x.seen = api.wait(session.id, lambda s: s["setup"], 40)
    box.close()


# ---- connecting ----

@provokes("computer_offline")
def offline(x):
    api = x.technician()
    made = x.made(api)
    activate(x.suite, made)
    x.seen = api.call("POST", f"/v1/sessions/{made['id']}/tickets", {"feature": "remote"})


def start(x, session, feature):
    body, _ = cli_result(session.cli, "start", session.id, feature, "--ticket", "remote", "--password-file",
                         session.cli.password_file)
    return body


@provokes("permission_missing", "plan_excludes_feature")
def not_allowed(x):
    """At the gateway, and at the PC for whoever passed the gateway with another ticket."""
    missing = x.code == "permission_missing"
    api = x.technician(permissions="adhoc_support" if missing else None, plan="plus" if missing else "basic")
    session = x.online(api).pair()
    assert start(x, session, "files")["reason"] == x.code
    x.says(session)
    x.seen = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "files"})


@provokes("feature_unavailable")
def not_in_this_version(x):
    session = x.online(x.technician()).pair()
    x.seen = start(x, session, "dashboard")
    x.says(session)


@provokes("password_wrong")
def wrong_password(x):
    session = x.online(x.technician()).pair()
    session.cli.set_password("not the password at all")
    x.seen = start(x, session, "remote")
    x.says(session)


@provokes("consent_refused")
def no_consent(x):
    session = x.online(x.technician(), "--fail", x.code).pair()
    x.seen = start(x, session, "remote")
    x.says(session)


@provokes("ticket_invalid")
def used_ticket(x):
    """A ticket that does not exist at the relay; at the PC an offer that the server did not sign."""
    api = x.technician()
    session = x.online(api)
    ticket = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote", "mode": "pair"})[1]
    offer = {"session": session.id, "conn_id": ticket["conn_id"], "claims": ticket["claims"], "signature": "A" * 86}
    read_redis(x.suite).publish("beistand.offer", json.dumps(offer))
    x.says(session)
    x.seen = upgrade(x.suite, f"/relay/c/{ticket['conn_id']}", f"ticket.{ticket['ticket'][:2]}{'0' * 50}")


@provokes("handed_over")
def other_technician(x):
    api = x.technician()
    admin, kim = x.technician(colleague_of=api, role="administrator"), x.technician(colleague_of=api)
    session = x.online(api)
    ticket = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote", "mode": "pair"})[1]
    assert admin.call("POST", f"/v1/sessions/{session.id}/hand-over", {"technician": kim.id})[0] == 202
    x.seen = upgrade(x.suite, f"/relay/c/{ticket['conn_id']}", f"ticket.{ticket['ticket']}")


# ---- ends ----

def operator_end(x, session):
    """By the operator's API; where there is none yet, by the transition that it runs."""
    key = open(x.suite.info["operator_key"], encoding="ascii").read().strip()
    answer = requests.post(f"{x.suite.origin}/operator/v1/sessions/{session.id}/end", verify=x.suite.info["ca"], timeout=10,
                           headers={"Authorization": f"Bearer {key}"})
    if answer.status_code == 404:
        run_end(x, session, "ended_by_operator")
    else:
        assert answer.status_code == 202, answer.text


def suspend(x, session):
    key = open(x.suite.info["operator_key"], encoding="ascii").read().strip()
    answer = requests.post(f"{x.suite.origin}/operator/v1/companies/{session.api.company}/suspend", verify=x.suite.info["ca"],
                           timeout=10, headers={"Authorization": f"Bearer {key}"}, json={})
    if answer.status_code == 404:
        run_end(x, session, "company_suspended")
    else:
        assert answer.status_code < 300, answer.text


def run_end(x, session, reason):
    lua = ROOT / "proto" / "lua"
    script = (lua / "common.lua").read_text() + "\n" + (lua / "end.lua").read_text()
    record = f"{{s{bucket_of(session.id):02d}}}:session:{session.id}"
    assert read_redis(x.suite).eval(script, 1, record, reason, '{"type":"operator"}', "", "0") == "ended"


@provokes("ended_by_technician", "ended_by_customer", "ended_by_admin", "ended_by_operator", "computer_deleted",
          "company_suspended")
def ended(x):
    api = x.technician()
    session = x.online(api)
    {"ended_by_technician": lambda: api.end(session.id),
     "ended_by_customer": lambda: session.pc.say("end"),
     "ended_by_admin": lambda: x.technician(colleague_of=api, role="administrator").end(session.id),
     "ended_by_operator": lambda: operator_end(x, session),
     "computer_deleted": lambda: api.call("DELETE", f"/v1/computers/{session.id}"),
     "company_suspended": lambda: suspend(x, session)}[x.code]()
    x.says(session, 40)
    record = f"{{s{bucket_of(session.id):02d}}}:session:{session.id}"
    wait_until(lambda: read_redis(x.suite).hget(record, "state") == "ended", 10, lambda: "the end")
    status, x.seen = api.call("GET", f"/v1/sessions/{session.id}")
    if status == 403:  # a suspended company reads nothing any more; the program is told all the same
        x.seen = {"reason": x.seen["reason"]}


# ---- general ----

@provokes("not_found")
def unknown(x):
    api = x.technician()
    session = Session(x.suite, api, x.tmp)
    read_redis(x.suite).delete(*read_redis(x.suite).keys(f"{{s{bucket_of(session.id):02d}}}:link:*"))
    x.open.append(session)
    session.start("--language", x.language, code=False)
    x.says(session)
    x.seen = api.call("GET", "/v1/sessions/" + session.id[:2] + "0" * 24)


@provokes("unauthenticated")
def stranger(x):
    api = x.technician()
    api.key = "bk_" + "0" * 52
    x.seen = api.call("GET", "/v1/me")


@provokes("invalid_request")
def nonsense(x):
    x.seen = x.technician().create(nonsense=1)


@provokes("wrong_state")
def active_again(x):
    api = x.technician()
    made = x.made(api)
    activate(x.suite, made)
    x.seen = api.call("POST", f"/v1/sessions/{made['id']}/invitations", Idempotency_Key=secrets.token_hex(8))


@provokes("rate_limited")
def too_many(x):
    """More sign-ins at once than the queue of password checks holds."""
    answers = []

    def sign_in(number):
        answer = requests.post(x.suite.origin + "/v1/sign-in", verify=x.suite.info["ca"], timeout=60,
                               headers={"Origin": x.suite.origin}, json={"email": f"nobody{number}@example.com", "password": "p" * 12})
        answers.append((answer.status_code, answer.json()))
    threads = [threading.Thread(target=sign_in, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    x.seen = next(answer for answer in answers if answer[0] == 429)


@provokes("unavailable")
def nobody_decides(x):
    api = x.technician(x.hasty)
    x.hasty.stop("licensing-1")
    try:
        x.seen = api.create()
    finally:
        x.hasty.start("licensing-1")
        x.hasty.wait_ready(["licensing-1"])


# ---- administration and sign-in ----

@provokes("last_administrator")
def nobody_left(x):
    admin = x.technician(role="administrator")
    x.seen = admin.call("PATCH", f"/v1/technicians/{admin.id}", {"role": "technician"})


@provokes("email_taken")
def same_address(x):
    admin = x.technician(role="administrator")
    body = {"name": "Tom", "email": f"tom-{secrets.token_hex(4)}@example.com"}
    assert admin.call("POST", "/v1/technicians", body)[0] == 201
    x.seen = admin.call("POST", "/v1/technicians", body)


@provokes("second_factor_required")
def wrong_factor(x):
    directory, email, password = x.suite.directory, f"tina-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(12)
    directory.create_technician(directory.create_company("Muster GmbH"), "Tina", email, password=password)
    headers, ca = {"Origin": x.suite.origin}, x.suite.info["ca"]

    def signed_in():
        """Everybody here has one address, and another scenario has used up what it may."""
        answer = requests.post(x.suite.origin + "/v1/sign-in", json={"email": email, "password": password}, headers=headers, verify=ca,
                               timeout=60)
        return answer if answer.status_code == 200 else None
    answer = wait_until(signed_in, 60, lambda: "signed in")
    headers["X-CSRF-Token"], jar = answer.json()["csrf"], answer.cookies
    made = requests.post(x.suite.origin + "/v1/me/totp", headers=headers, cookies=jar, verify=ca, timeout=20)
    assert made.status_code == 201, made.text
    answer = requests.post(x.suite.origin + "/v1/me/totp/confirm", json={"code": "000000"}, headers=headers, cookies=jar, verify=ca,
                           timeout=20)
    x.seen = answer.status_code, answer.json()


# ---- computers ----

@provokes("computer_exists")
def twice(x):
    admin = x.technician(role="administrator")
    admin.call("POST", "/v1/computers", {"name": "PC"})
    x.seen = admin.call("POST", "/v1/computers", {"name": "pc"})


@provokes("precondition_failed")
def lost_update(x):
    admin = x.technician(role="administrator")
    made = admin.call("POST", "/v1/computers", {"name": "PC"})[1]
    x.seen = admin.call("PATCH", f"/v1/computers/{made['id']}", {"note": "n"}, If_Match='"0-0"')


@provokes("computer_in_use")
def connected(x):
    api = x.technician()
    session = x.online(api).pair()
    url = f"/v1/computers/{session.id}"
    with session.connect():
        wait_until(lambda: api.call("GET", url)[1]["in_use"], 20, lambda: "in use")
        x.seen = api.call("DELETE", url)


def invite_again(api, sid):
    status, body = api.call("POST", f"/v1/sessions/{sid}/invitations", Idempotency_Key=secrets.token_hex(8))
    assert status == 201, body
    return body


# ---- what must hold for each ----

def check_api(x, place):
    """The reason in its place; a problem has the catalogue's status, title and a link to the help."""
    if place in ("session", "channel"):
        assert x.seen["reason"] == x.code
    elif place == "mail":
        assert x.seen["mail"]["state"] == x.code
    elif place == "setup":
        assert x.seen["setup"]["reason"] == x.code
        assert place_of_checklist(x.seen) == {x.code}
    elif place == "checklist":
        assert place_of_checklist(x.seen) == {x.code}
    else:
        status, problem = x.seen
        assert problem["reason"] == x.code, problem
        assert status == problem["status"] == (REASONS[x.code]["status"] or 409)
        assert problem["title"] == REASONS[x.code]["title"] and problem["type"] == f"/help#{x.code}"


def place_of_checklist(session):
    return {step["reason"] for step in session["checklist"] if step["state"] == "failed"}


def events_of(x, kind):
    stack = x.hasty if x.seen_on_hasty else x.suite
    return [event for _, _, event in journal(stack) if event["type"] == kind and x.code in (
        event.get("refused"), event["record"].get("reason"), event["record"].get("mail_state")) and
        (x.session is None or event["session"] == x.session or kind == "session.refused")]


def metric(stack, name, code):
    label = "outcome" if name == "mails" else "reason"
    pattern = re.compile(rf'^beistand_{name}_total{{.*{label}="{code}".*}} (\S+)$', re.M)
    replicas = itertools.chain.from_iterable(stack.instances(s) for s in stack.replicas)
    return sum(float(n) for i in replicas for n in pattern.findall(requests.get(stack.health(i) + "/metrics", timeout=5).text))


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_shows_where_the_catalogue_says(request, suite, hasty, tmp_path, code):
    """S-30 to S-37"""
    assert code in SCENARIOS, f"nobody wrote down how {code} comes about"
    shows = REASONS[code].get("shows", PLAIN)
    x = Scene(code, suite, hasty, tmp_path)
    request.addfinalizer(x.close)
    x.seen_on_hasty = code in ("invitation_expired", "session_expired", "unavailable")
    stack = hasty if x.seen_on_hasty else suite
    before = metric(stack, shows["metric"], code)
    SCENARIOS[code](x)
    check_api(x, shows["api"])
    if code == "handed_over":
        wait_until(lambda: [e for _, _, e in journal(stack) if e["type"] == shows["event"] and e["session"] == x.session], 15,
                   lambda: "the event")
    elif shows["event"]:
        wait_until(lambda: events_of(x, shows["event"]), 15, lambda: f"a {shows['event']} event with {code}")
    wait_until(lambda: metric(stack, shows["metric"], code) > before, 10, lambda: f"beistand_{shows['metric']}_total{{{code}}}")
    if shows["program"]:
        text = x.line["text"]
        assert text == REASONS[code]["customer"][x.language] or (code == "network_blocked" and "127.0.0.1" in text)


@pytest.mark.parametrize("asked", ["by the browser", "in the link"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_has_both_texts_of_every_reason(suite, language, asked):
    """S-72 S-74: the `type` of a problem links here; the console links to its own language."""
    other = LANGUAGES[LANGUAGES.index(language) - 1]
    path, browser = ("/help", language) if asked == "by the browser" else (f"/help?lang={language}", other)
    page = requests.get(suite.origin + path, headers={"Accept-Language": browser}, verify=suite.info["ca"], timeout=10).text
    assert f'<html lang="{language}">' in page
    for code, reason in REASONS.items():
        section = page.split(f'<h2 id="{code}">')[1].split("<h2")[0]
        for side in ("technician", "customer"):
            assert html.unescape(section).count(reason[side][language]) == 1, (code, side)


@pytest.mark.parametrize("code", REASONS)
def test_texts_say_something_of_their_own_in_each_language(code):
    """S-72: seven languages that differ, two sides that differ, and whole sentences."""
    both = [REASONS[code][side][language] for side in ("technician", "customer") for language in LANGUAGES]
    assert len(set(both)) == 14
    for text in both:
        assert text[0].isupper() or not text[0].isalpha(), text
        assert text.endswith((".", "?", "!")) and len(text) >= 20 and "  " not in text


def test_no_two_reasons_have_the_same_text():
    """A text that fits two reasons helps with neither; what no program ever shows may be worded alike."""
    for side, language in itertools.product(("technician", "customer"), LANGUAGES):
        texts = [reason[side][language] for reason in REASONS.values()
                 if side == "technician" or reason.get("shows", PLAIN)["program"]]
        twice = {text for text in texts if texts.count(text) > 1}
        assert not twice, twice
