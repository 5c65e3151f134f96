"""Generated from proto/openapi.yaml: every route × method × {no, malformed, expired, revoked, foreign tenant's, lower role's,
wrongly scoped, …} credential gives the documented refusal. A route that somebody adds is tested by being documented.

What a document says for this: `security` (none, member, operator), `x-scope`, `x-role: administrator`, `x-signed-in`, and an
`example` of each body."""
import hashlib
import re
import time

import pytest
import yaml

from people import PASSWORD, ask, new_admin, new_person, operate, signed_in
from processes import ROOT, Processes, bucket_of, new_id, new_secret

DOCUMENT = yaml.safe_load((ROOT / "proto" / "openapi.yaml").read_text(encoding="utf-8"))
METHODS = ["get", "post", "put", "patch", "delete"]
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class Operation:
    def __init__(self, method, path, item):
        self.method, self.path, self.document = method.upper(), path, item[method]
        security = self.document.get("security", DOCUMENT["security"])
        names = {name for choice in security for name in choice}
        self.access = "operator" if "operator" in names else "member" if names else "public"
        self.scope, self.role = self.document.get("x-scope"), self.document.get("x-role")
        self.signed_in = self.document.get("x-signed-in", False)
        self.content = self.document.get("requestBody", {}).get("content", {})
        self.has_id = "{" in path

    def body(self):
        media = self.content.get("application/json")
        return None if media is None else media.get("example", {})

    def __repr__(self):
        return f"{self.method} {self.path}"


OPERATIONS = [Operation(m, path, item) for path, item in DOCUMENT["paths"].items() for m in METHODS if m in item]
MEMBER = [o for o in OPERATIONS if o.access == "member"]
OPERATOR = [o for o in OPERATIONS if o.access == "operator"]


class World:
    """Two companies with everything that has an id, and every kind of credential."""

    def __init__(self, plane):
        self.plane = plane
        self.ada, self.bob = new_admin(plane, password=PASSWORD), new_admin(plane, password=PASSWORD)
        self.tina = new_person(plane, self.ada.company, password=PASSWORD)
        self.session = self.tina.create()[1]["id"]
        self.key = self.ada.call("POST", "/v1/api-keys", {"name": "x", "scopes": ["all"]})[1]["id"]
        self.browser = signed_in(plane, self.tina)
        self.sign_in = self.browser.call("GET", "/v1/sign-ins").json()["sign_ins"][0]["id"]
        self.operator = (plane.dir / "operator.key").read_text().strip()

    def ids(self, operation):
        """The ids of Ada's company that fit the path; an id that fits nothing for what these tests do not know."""
        known = {"sessions": self.session, "technicians": self.tina.id, "api-keys": self.key, "sign-ins": self.sign_in,
                 "companies": self.ada.company, "i": self.session}
        first = re.sub(r"^/(operator/)?(v1/)?", "", operation.path).split("/")[0]
        unknown = new_id(bucket_of(self.ada.company))
        return [known.get(first, unknown)] + [unknown] * (operation.path.count("{") - 1)

    def path(self, operation):
        path = operation.path
        for value in self.ids(operation):
            path = re.sub(r"\{[a-z_]+\}", value, path, count=1)
        return path

    def ask(self, operation, key=None, **headers):
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if operation.content and "application/json" not in operation.content:
            headers["Content_Type"] = next(iter(operation.content))
        return ask(self.plane, operation.method, self.path(operation), operation.body(), Idempotency_Key="route-" + new_id(1), **headers)

    def key_with(self, person, scopes, **fields):
        """A key of a person with these scopes and fields of the directory."""
        status, made = person.call("POST", "/v1/api-keys", {"name": "route", "scopes": scopes})
        assert status == 201, made
        tag, digest = f"{{s{bucket_of(person.company):02d}}}", hashlib.sha256(made["key"].encode()).hexdigest()
        if fields:
            self.plane.redis.hset(f"{tag}:key:{digest}", mapping=fields)
        return made["key"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    p = Processes(tmp_path_factory.mktemp("routes"), API_RATE="0")
    p.add("gateway")
    for name in ("licensing", "sweeper"):
        p.add(name)
    p.ready()
    yield World(p)
    assert set(p.stop().values()) == {0}


@pytest.fixture(scope="module")
def expired(world):
    return world.key_with(world.ada, ["all"], expires_at=int(time.time() * 1000) - 1000)


@pytest.fixture(scope="module")
def revoked(world):
    key = world.key_with(world.ada, ["all"])
    made = world.ada.call("GET", "/v1/api-keys?limit=1")[1]["api_keys"][0]
    assert world.ada.call("DELETE", f"/v1/api-keys/{made['id']}")[0] == 204
    return key


def refuses(operation, answer, status, reason):
    assert (answer.status_code, answer.headers.get("content-type")) == (status, "application/problem+json"), (operation, answer.text)
    problem = answer.json()
    assert (problem["reason"], problem["status"]) == (reason, status), (operation, problem)
    assert str(status) in operation.document["responses"] or "default" in operation.document["responses"], f"{operation}: {status} is not documented"
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_document_has_operations_of_each_kind():
    assert len(MEMBER) >= 20 and len(OPERATOR) >= 8
    assert {o.role for o in MEMBER} == {None, "administrator"}
    for operation in MEMBER:
        assert operation.scope or operation.path == "/v1/me", f"{operation}: x-scope is missing"


@pytest.mark.parametrize("operation", MEMBER + OPERATOR, ids=repr)
def test_no_credential_and_malformed_ones(world, operation):
    """S-36 unauthenticated"""
    secret = new_secret(bucket_of(world.ada.company))
    for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer bk_nonsense"}, {"Authorization": "Basic YWRhOmFkYQ=="},
                    {"Authorization": f"Bearer {secret}"}, {"Authorization": f"Bearer bk_{secret}"}, {"Cookie": "beistand_session=x"},
                    {"Cookie": f"beistand_session={secret}"}, {"Authorization": "Bearer bk_" + "z" * 52}):
        refuses(operation, world.ask(operation, **headers), 401, "unauthenticated")


@pytest.mark.parametrize("operation", MEMBER + OPERATOR, ids=repr)
def test_expired_and_revoked_keys(world, expired, revoked, operation):
    for key in (expired, revoked):
        refuses(operation, world.ask(operation, key), 401, "unauthenticated")


@pytest.mark.parametrize("operation", OPERATOR, ids=repr)
def test_nobody_but_the_operator_operates(world, operation):
    """S-62"""
    for key in (world.ada.key, world.tina.key, world.operator + "x", world.operator[:-1]):
        refuses(operation, world.ask(operation, key), 401, "unauthenticated")
    answer = world.ask(operation, Cookie=f"beistand_session={world.browser.cookie}", X_CSRF_Token=world.browser.csrf)
    refuses(operation, answer, 401, "unauthenticated")


@pytest.mark.parametrize("operation", MEMBER, ids=repr)
def test_the_operators_key_is_no_technicians(world, operation):
    refuses(operation, world.ask(operation, world.operator), 401, "unauthenticated")


@pytest.mark.parametrize("operation", [o for o in MEMBER if o.has_id], ids=repr)
def test_another_tenants_credential_finds_nothing(world, operation):
    """S-36 not_found: foreign is the same as unknown."""
    refuses(operation, world.ask(operation, world.bob.key), 404, "not_found")


@pytest.mark.parametrize("operation", [o for o in MEMBER if o.role == "administrator"], ids=repr)
def test_what_administrators_do_technicians_do_not(world, operation):
    """S-24"""
    tom = new_person(world.plane, world.ada.company)
    refuses(operation, world.ask(operation, tom.key), 403, "permission_missing")


@pytest.mark.parametrize("operation", [o for o in MEMBER if o.scope], ids=repr)
def test_a_key_needs_the_scope(world, operation):
    """S-70: neither a key for something else nor, for changes, one that may only read."""
    other = "audit" if operation.scope != "audit" else "webhooks"
    keys = getattr(world, "scoped", {})
    world.scoped = keys
    wanted = [other] + ([f"{operation.scope}:read"] if operation.method in UNSAFE else [])
    for scope in wanted:
        if scope not in keys:
            keys[scope] = world.key_with(world.ada, [scope])
        refuses(operation, world.ask(operation, keys[scope]), 403, "permission_missing")


@pytest.mark.parametrize("operation", [o for o in MEMBER if o.method in UNSAFE], ids=repr)
def test_a_browsers_cookie_alone_changes_nothing(world, operation):
    """Cross-site request forgery: the page's token is needed, and no other origin."""
    cookie = f"beistand_session={world.browser.cookie}"
    for headers in ({}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": "0" * 52}, {"X_CSRF_Token": world.browser.csrf, "Origin": "https://evil.example"}):
        refuses(operation, world.ask(operation, Cookie=cookie, **headers), 401, "unauthenticated")


@pytest.mark.parametrize("operation", [o for o in MEMBER if o.signed_in and o.path != "/v1/sign-out"], ids=repr)
def test_what_belongs_to_the_person_no_key_does(world, operation):
    refuses(operation, world.ask(operation, world.ada.key), 403, "permission_missing")


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
def test_other_methods_are_refused_with_allow(world, path):
    allowed = {m.upper() for m in METHODS if m in DOCUMENT["paths"][path]}
    concrete = re.sub(r"\{[a-z_]+\}", new_id(3), path)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        answer = ask(world.plane, method, concrete, {}, key=world.ada.key)
        assert answer.status_code == 405 and answer.json()["reason"] == "invalid_request", (method, path, answer.text)
        assert {m.strip() for m in answer.headers["Allow"].split(",")} - {"HEAD"} == allowed


def test_suspended_companies_are_told_so_everywhere(world):
    """S-36 company_suspended, last: it ends what the others used."""
    assert operate(world.plane, "POST", f"/companies/{world.ada.company}/suspend")[0] == 200
    for operation in MEMBER:
        refuses(operation, world.ask(operation, world.ada.key), 403, "company_suspended")
