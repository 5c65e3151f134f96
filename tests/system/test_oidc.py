"""Single sign-on against a real OpenID provider (npm oidc-provider) that runs locally. S-70"""
import json
import secrets
import subprocess
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from people import PASSWORD, Browser, ask, new_company, new_person, operate, reason
from processes import ROOT, Processes, free_port, running

FOLDER = ROOT / "tests" / "oidc"
SECRET = "a secret / with: odd + characters"
ORIGIN = "https://support.example"


@pytest.fixture(scope="module")
def provider_folder():
    """npm ci from the lock file; without the registry these tests are skipped."""
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        result = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True,
                                timeout=300, check=False)
        if result.returncode != 0:
            pytest.skip(f"npm oidc-provider cannot be had: {result.stderr.strip().splitlines()[-1:]}")
    return FOLDER


class Provider:
    def __init__(self, folder, port=None, **options):
        self.folder, self.port = folder, port or free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.options = {"secret": SECRET, "redirect": f"{ORIGIN}/v1/oidc/callback", **options}
        self.start()

    def start(self):
        self.process = subprocess.Popen(["node", self.folder / "provider.mjs", str(self.port), json.dumps(self.options)],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def provider(provider_folder):
    p = Provider(provider_folder)
    yield p
    p.stop()


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("oidc"), {"gateway": 2, "sweeper": 1}, OIDC_ALLOW_PRIVATE="1") as p:
        yield p


def configure(plane, cid, provider, client="basic-rs256", secret=SECRET):
    oidc = {"issuer": provider.issuer, "client_id": client, **({"client_secret": secret} if secret else {})}
    status, body = operate(plane, "PATCH", f"/companies/{cid}", {"oidc": oidc})
    assert status == 200 and body["oidc"]["issuer"] == provider.issuer, body


@pytest.fixture
def tina(plane, provider):
    cid = new_company(plane)
    configure(plane, cid, provider)
    return new_person(plane, cid)


class Visitor:
    """A browser that goes to the provider and comes back; cookies of ours and theirs."""

    def __init__(self, plane, address=None):
        self.plane, self.theirs, self.ours = plane, requests.Session(), {}
        self.address = address or ".".join(str(secrets.randbelow(254) + 1) for _ in range(4))

    def ask(self, path, gateway=0):
        cookie = "; ".join(f"{k}={v}" for k, v in self.ours.items())
        answer = ask(self.plane, "GET", path, gateway=gateway, Cookie=cookie, X_Forwarded_For=self.address)
        self.ours.update(answer.cookies.get_dict())
        return answer

    def start(self, cid):
        answer = self.ask(f"/v1/oidc/start?company={cid}")
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def at_provider(self, url, account, error=None):
        """From the authorization request to the address the provider sends the browser back to."""
        issuer = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        answer = self.theirs.get(url, allow_redirects=False, timeout=10)
        assert answer.status_code == 303, answer.text
        if answer.headers["Location"].startswith(ORIGIN):  # signed in there already
            return answer.headers["Location"].removeprefix(ORIGIN)
        query = f"?error={error}" if error else f"?account={account}"
        answer = self.theirs.get(issuer + answer.headers["Location"] + query, allow_redirects=False, timeout=10)
        answer = self.theirs.get(answer.headers["Location"], allow_redirects=False, timeout=10)
        assert answer.headers["Location"].startswith(ORIGIN), answer.text
        return answer.headers["Location"].removeprefix(ORIGIN)

    def sign_in(self, cid, account, gateway=1):
        """The last answer: of our callback."""
        return self.ask(self.at_provider(self.start(cid), account), gateway)

    def me(self):
        return self.ask("/v1/me")


def refused(answer, why="unauthenticated"):
    return answer.status_code == 302 and answer.headers["Location"] == f"{ORIGIN}/#/sign-in/{why}" and "beistand_session" not in answer.cookies


@pytest.mark.parametrize("client, secret", [("basic-rs256", SECRET), ("public-rs256", None)])
def test_a_person_signs_in_through_their_companys_provider(plane, provider, client, secret):
    cid = new_company(plane)
    configure(plane, cid, provider, client, secret)
    tina = new_person(plane, cid)
    visitor = Visitor(plane)
    answer = visitor.sign_in(cid, tina.email.upper())
    assert answer.status_code == 302 and answer.headers["Location"] == f"{ORIGIN}/", answer.headers
    assert "SameSite=Strict" in answer.headers["Set-Cookie"] and "HttpOnly" in answer.headers["Set-Cookie"]
    me = visitor.me().json()
    assert me["technician"]["id"] == tina.id and me["csrf"]
    assert [s["method"] for s in visitor.ask("/v1/sign-ins").json()["sign_ins"]] == ["oidc"]


def test_tokens_signed_with_es256_and_clients_that_post_their_secret(plane, provider_folder):
    provider = Provider(provider_folder, methods=["client_secret_post", "none"])
    try:
        cid = new_company(plane)
        configure(plane, cid, provider, "post-es256")
        tina = new_person(plane, cid)
        assert Visitor(plane).sign_in(cid, tina.email).headers["Location"] == f"{ORIGIN}/"
    finally:
        provider.stop()


def test_the_address_may_come_from_the_user_info_endpoint(plane, provider_folder):
    """Core 5.4: with an access token the claims of a scope are there."""
    provider = Provider(provider_folder, userinfo=True)
    try:
        cid = new_company(plane)
        configure(plane, cid, provider)
        tina = new_person(plane, cid)
        assert Visitor(plane).sign_in(cid, tina.email).headers["Location"] == f"{ORIGIN}/"
        assert refused(Visitor(plane).sign_in(cid, f"unverified:{tina.email}"))
    finally:
        provider.stop()


def test_the_authorization_request_is_as_it_must_be(plane, tina):
    """RFC 7636, Core 3.1.2.1"""
    visitor = Visitor(plane)
    query = parse_qs(urlsplit(visitor.start(tina.company)).query)
    assert query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"] and len(query["code_challenge"][0]) == 43
    assert "openid" in query["scope"][0] and query["redirect_uri"] == [f"{ORIGIN}/v1/oidc/callback"]
    again = parse_qs(urlsplit(visitor.start(tina.company)).query)
    for name in ("state", "nonce", "code_challenge"):
        assert query[name] != again[name] and len(query[name][0]) >= 32


@pytest.mark.parametrize("account", ["unverified:{}", "silent:{}", "somebody-else@example.com"])
def test_only_a_verified_address_of_a_person_of_ours_signs_in(plane, tina, account):
    assert refused(Visitor(plane).sign_in(tina.company, account.format(tina.email)))


def test_a_provider_speaks_for_its_own_company_only(plane, provider, tina):
    """Company B's provider says that somebody is a person of company A."""
    other = new_company(plane)
    configure(plane, other, provider)
    assert refused(Visitor(plane).sign_in(other, tina.email))
    assert Visitor(plane).sign_in(tina.company, tina.email).headers["Location"] == f"{ORIGIN}/"


def test_disabled_people_and_suspended_companies_stay_out(plane, tina):
    ada = new_person(plane, tina.company, "administrator")
    assert ada.call("PATCH", f"/v1/technicians/{tina.id}", {"disabled": True})[0] == 200
    assert refused(Visitor(plane).sign_in(tina.company, tina.email))
    assert ada.call("PATCH", f"/v1/technicians/{tina.id}", {"disabled": False})[0] == 200
    assert operate(plane, "POST", f"/companies/{tina.company}/suspend")[0] == 200
    assert refused(Visitor(plane).sign_in(tina.company, tina.email), "company_suspended")


def test_an_answer_is_good_once_and_in_the_browser_that_asked(plane, tina):
    """Core 15.5.2; login CSRF: an attacker's answer in the victim's browser."""
    attacker, victim = Visitor(plane), Visitor(plane)
    back = attacker.at_provider(attacker.start(tina.company), tina.email)
    assert refused(victim.ask(back))
    assert refused(attacker.ask(back)), "the state was used up by the first try"
    back = attacker.at_provider(attacker.start(tina.company), tina.email)
    victim.start(tina.company)
    assert refused(victim.ask(back))
    back = attacker.at_provider(attacker.start(tina.company), tina.email)
    assert attacker.ask(back).headers["Location"] == f"{ORIGIN}/"
    assert refused(attacker.ask(back))


def test_a_mixed_up_provider_or_a_swapped_code_is_refused(plane, tina):
    """RFC 9207; PKCE: a code of another sign-in does not fit this one's verifier."""
    one, two = Visitor(plane), Visitor(plane)
    back = one.at_provider(one.start(tina.company), tina.email)
    assert refused(one.ask(back.split("&iss=")[0] + "&iss=https%3A%2F%2Fevil.example"))
    first = one.at_provider(one.start(tina.company), tina.email)
    second = two.at_provider(two.start(tina.company), tina.email)
    code = parse_qs(urlsplit(first).query)["code"][0]
    state = parse_qs(urlsplit(second).query)["state"][0]
    assert refused(two.ask(f"/v1/oidc/callback?code={code}&state={state}"))


def test_who_says_no_at_the_provider_comes_back_to_the_sign_in_page(plane, tina):
    visitor = Visitor(plane)
    assert refused(visitor.ask(visitor.at_provider(visitor.start(tina.company), None, error="access_denied")))


def test_malformed_calls_are_refused(plane):
    fresh = Visitor(plane)
    cid = new_company(plane)
    assert reason(fresh.ask("/v1/oidc/start")) == (400, "invalid_request")
    for unknown in ("x", cid, "0" * 26):
        assert reason(fresh.ask(f"/v1/oidc/start?company={unknown}")) == (404, "not_found")
    for query in ("", "?code=x", "?code=x&state=y", f"?code={'x' * 3000}&state={'0' * 52}"):
        assert reason(fresh.ask("/v1/oidc/callback" + query)) == (400, "invalid_request")
    assert refused(fresh.ask(f"/v1/oidc/callback?code=x&state={'0' * 52}"))


def test_a_provider_with_new_keys_is_trusted_after_looking_again(plane, provider_folder):
    provider = Provider(provider_folder)
    try:
        cid = new_company(plane)
        configure(plane, cid, provider)
        tina = new_person(plane, cid)
        assert Visitor(plane).sign_in(cid, tina.email).headers["Location"] == f"{ORIGIN}/"
        provider.stop()
        provider.start()  # makes keys of its own
        deadline = time.monotonic() + 20
        while not (answer := Visitor(plane).sign_in(cid, tina.email)).headers["Location"] == f"{ORIGIN}/":
            assert refused(answer) and time.monotonic() < deadline, "keys are looked at again after five seconds"
    finally:
        provider.stop()


def test_a_provider_that_is_away_or_lies_about_itself(plane, provider, provider_folder):
    cid = new_company(plane)
    gone = Provider(provider_folder)
    gone.stop()
    configure(plane, cid, gone)
    assert reason(Visitor(plane).ask(f"/v1/oidc/start?company={cid}")) == (503, "unavailable")
    status, _ = operate(plane, "PATCH", f"/companies/{cid}", {"oidc": {"issuer": provider.issuer + "/", "client_id": "basic-rs256"}})
    assert status == 200
    assert reason(Visitor(plane).ask(f"/v1/oidc/start?company={cid}")) == (503, "unavailable"), "another issuer than it says it is"


def test_providers_in_private_networks_are_not_asked_unless_allowed(tmp_path_factory, provider):
    """An administrator names the provider: it must not lead the gateway to its neighbours."""
    plane = Processes(tmp_path_factory.mktemp("private"))
    plane.add("gateway")
    plane.add("sweeper")
    plane.ready()
    try:
        cid = new_company(plane)
        plain = {"oidc": {"issuer": provider.issuer, "client_id": "x"}}  # http, which only private networks may have
        assert reason(operate(plane, "PATCH", f"/companies/{cid}", plain)) == (400, "invalid_request")
        for issuer in ("https://127.0.0.1:1", "https://localhost", "https://169.254.169.254", "https://[::1]", "https://[::ffff:10.0.0.1]"):
            assert operate(plane, "PATCH", f"/companies/{cid}", {"oidc": {"issuer": issuer, "client_id": "x"}})[0] == 200
            assert reason(Visitor(plane).ask(f"/v1/oidc/start?company={cid}")) == (503, "unavailable")
    finally:
        assert set(plane.stop().values()) == {0}


def test_the_password_still_works_and_the_second_factor_is_the_providers_matter(plane, provider):
    cid = new_company(plane)
    configure(plane, cid, provider)
    tina = new_person(plane, cid, password=PASSWORD)
    browser = Browser(plane)
    assert browser.sign_in(tina.email, PASSWORD).status_code == 200
    assert operate(plane, "PATCH", f"/companies/{cid}", {"oidc": None})[1]["oidc"] is None
    assert reason(Visitor(plane).ask(f"/v1/oidc/start?company={cid}")) == (404, "not_found")
