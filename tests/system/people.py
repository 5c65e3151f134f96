"""Companies, people and credentials for the tests of administration and sign-in: made as the operator makes them (CLI),
used as people use them (HTTP, straight at a gateway; the address they come from is what the edge would say)."""
import json
import os
import secrets
import subprocess

import requests

from processes import BIN, Client, wait_for

PASSWORD = "correct horse battery"


def cli(plane, verb, *args, good=True):
    """The operator's command straight into Redis; its JSON."""
    env = {**os.environ, "DIRECTORY_KEY_FILE": plane.env["DIRECTORY_KEY_FILE"]}
    argv = [BIN / "beistand-cli", "operator", verb, "--redis", plane.env["REDIS_URL"], *map(str, args)]
    result = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=30, check=False)
    assert (result.returncode == 0) == good, (result.stdout, result.stderr)
    return json.loads(result.stdout if good else result.stderr)


def new_email(name="tina"):
    return f"{name}-{secrets.token_hex(5)}@example.com"


def new_company(plane, *args):
    return cli(plane, "company-create", "--name", "Muster GmbH", "--plan", "premier", "--seats", 50, *args)["id"]


def new_person(plane, cid, role="technician", permissions="adhoc_support,full_remote_control", password=None):
    """An API client (key with every scope) of a new person; .email and .password sign them in."""
    email = new_email(role)
    args = ["--company", cid, "--name", "Tina Muster", "--email", email, "--role", role, "--permissions", permissions]
    if password:
        path = plane.dir / f"password-{secrets.token_hex(4)}"
        path.write_text(password + "\n")
        args += ["--password-file", path]
    tid = cli(plane, "technician-create", *args)["id"]
    client = Client(plane, cli(plane, "key-create", "--company", cid, "--technician", tid)["key"], tid, cid)
    client.email, client.password = email, password
    return client


def new_admin(plane, **options):
    return new_person(plane, new_company(plane), "administrator", **options)


def gateways(plane):
    return [s for s in plane.services if s.name == "gateway"]


def ask(plane, method, path, body=None, key=None, gateway=0, timeout=20, **headers):
    """The whole answer of one gateway."""
    sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
    return requests.request(method, f"http://{gateways(plane)[gateway].listen}{path}", json=body, headers=sent, timeout=timeout,
                            allow_redirects=False)


def operate(plane, method, path, body=None, **headers):
    """The operator API: (status, body)."""
    key = (plane.dir / "operator.key").read_text().strip()
    answer = ask(plane, method, f"/operator/v1{path}", body, key=key, **headers)
    return answer.status_code, answer.json() if answer.content else None


class Browser:
    """Somebody's browser: a cookie and the page's token, from one address."""

    def __init__(self, plane, address="198.51.100.7", agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"):
        self.plane, self.address, self.agent, self.cookie, self.csrf = plane, address, agent, None, ""

    def call(self, method, path, body=None, gateway=0, **headers):
        sent = {"X_Forwarded_For": self.address, "User_Agent": self.agent, "X_CSRF_Token": self.csrf, **headers}
        if self.cookie:
            sent["Cookie"] = f"beistand_session={self.cookie}"
        return ask(self.plane, method, path, body, gateway=gateway, **sent)

    def sign_in(self, email, password, code=None, **options):
        body = {"email": email, "password": password, **({"code": code} if code else {})}
        answer = self.call("POST", "/v1/sign-in", body, **options)
        if answer.status_code == 200:
            self.cookie = answer.cookies["beistand_session"]
            self.csrf = answer.json()["csrf"]
        return answer


def signed_in(plane, person, **options):
    browser = Browser(plane, **options)
    answer = browser.sign_in(person.email, person.password)
    assert answer.status_code == 200, answer.text
    return browser


def reason(answer):
    status, body = answer if isinstance(answer, tuple) else (answer.status_code, answer.json())
    return status, body["reason"]


def event_stream(plane, gateway=0, **headers):
    """An open event stream that has said `ready`; iterate .lines for more, they end when the gateway ends it."""
    sent = {k.replace("_", "-"): v for k, v in headers.items()}
    stream = requests.get(f"http://{gateways(plane)[gateway].listen}/v1/events", headers=sent, stream=True, timeout=20)
    assert stream.status_code == 200, stream.text
    stream.lines = stream.iter_lines(chunk_size=1)
    assert any(b"ready" in line for line in stream.lines)
    return stream


def ends_within(stream, seconds):
    """Does the gateway end the stream in that time?"""
    import threading
    over = threading.Event()

    def read():
        try:
            for _ in stream.lines:
                pass
        except requests.RequestException:
            pass
        over.set()
    threading.Thread(target=read, daemon=True).start()
    return over.wait(seconds)


def directory_events(plane):
    """What the sealed directory topic has, as (key, event); waits until every outbox is empty."""
    wait_for(lambda: not [k for k in plane.redis.scan_iter("*:outbox") if plane.redis.xlen(k)], 10, lambda: "outbox")
    argv = ["kcat", "-C", "-q", "-e", "-b", plane.bootstrap, "-t", "beistand.directory", "-o", "beginning", "-J", "-X",
            "fetch.wait.max.ms=5", "-X", "broker.address.family=v4"]
    out = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    messages = [json.loads(line) for line in out.splitlines()]
    return [(m["key"], json.loads(m["payload"])) for m in messages]
