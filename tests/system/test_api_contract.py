"""proto/openapi.yaml says what the gateway does, all of it, and nothing else. S-70"""
import json
import os
import re
import subprocess

import pytest
import requests
import yaml

from people import PASSWORD, gateways, new_admin, new_person, operate, signed_in
from processes import ROOT, running

METHODS = ["get", "post", "put", "patch", "delete"]
RUN_S = 150
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance," \
         "allow_header_conformance,unsupported_method"


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((ROOT / "proto" / "openapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def venv():
    result = subprocess.run(["/usr/bin/python3", ROOT / "tests" / "contract" / "venv.py"], capture_output=True, text=True, timeout=400,
                            check=False)
    if result.returncode != 0:
        pytest.skip(f"schemathesis and openapi-spec-validator cannot be had: {result.stderr.strip()[-200:]}")
    return result.stdout.strip()


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("contract"), {"gateway": 1, "activation": 1, "licensing": 1, "sweeper": 1}, API_RATE="0") as p:
        yield p


def operations(document):
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item if method in METHODS}


def test_every_route_is_documented_and_every_documented_route_exists(document):
    source = (ROOT / "services" / "gateway" / "route.c").read_text(encoding="utf-8")
    table = source.split("routes[] = {")[1].split("\n};")[0]
    routes = set(re.findall(r'\{"([A-Z]+)", "([^"]+)"', table))
    assert len(routes) > 30
    documented = {(method, re.sub(r"\{[a-z_]+\}", "*", path)) for method, path in operations(document)}
    assert routes == documented, f"only in route.c: {routes - documented}; only in openapi.yaml: {documented - routes}"


def test_the_document_is_valid_openapi(document, venv, tmp_path):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    result = subprocess.run([f"{venv}/bin/openapi-spec-validator", path], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0 and "OK" in result.stdout, result.stdout[-2000:]


def test_the_gateway_serves_it(document, plane):
    answer = requests.get(f"http://{gateways(plane)[0].listen}/openapi.json", timeout=5)
    assert answer.headers["content-type"] == "application/json" and answer.json() == json.loads(json.dumps(document))


def test_operations_are_named_once_and_say_who_may(document):
    seen = set()
    for method, path in sorted(operations(document)):
        operation = document["paths"][path][method.lower()]
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        assert set(operation["responses"]) & {"200", "201", "202", "204", "302"}, (method, path)
        assert "default" not in operation["responses"], f"{method} {path}: every answer is documented"


def test_reasons_of_the_document_exist(document):
    reasons = json.loads((ROOT / "proto" / "reasons.json").read_text(encoding="utf-8"))["reasons"]
    for name, response in document["components"]["responses"].items():
        if "application/problem+json" not in response.get("content", {}):
            continue
        codes = re.findall(r"`([a-z_]+)`", response["description"])
        assert codes and set(codes) <= set(reasons), name


def run(venv, plane, key, tmp_path, ids, *options):
    # One worker: Python 3.11.2 miscounts the recursion of its own parser when hypothesis reads sources in two threads at once.
    env = {**os.environ, "SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "contract" / "hooks.py"), "CONTRACT_IDS": json.dumps(ids),
           "PYTHONDONTWRITEBYTECODE": "1"}
    url = f"http://{gateways(plane)[0].listen}"
    argv = [f"{venv}/bin/schemathesis", "--no-color", "run", f"{url}/openapi.json", "--url", url, "-H", f"Authorization: Bearer {key}", "-c", CHECKS,
            "--phases", "examples,coverage,fuzzing", "--max-time", "45", "-n", "15", "--seed", "1", "-w", "1", "--request-timeout", "20", "--warnings", "off",
            "--continue-on-failure", *options]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=RUN_S, env=env, cwd=tmp_path, check=False)
    told = "\n".join(line[:300] for line in result.stdout.splitlines())
    assert result.returncode == 0, told[-12000:] + result.stderr[-2000:]
    assert "No issues found" in result.stdout and not re.search(r"[1-9]\d* error", result.stdout), result.stdout[-3000:]


def test_nothing_a_client_sends_gets_an_undocumented_answer(venv, plane, tmp_path):
    """schemathesis as an administrator: no 5xx, no status, header, type or body that is not in the document."""
    ada = new_admin(plane)
    tina = new_person(plane, ada.company, password=PASSWORD)
    browser = signed_in(plane, tina)
    made = tina.create()[1]
    ids = {"sessions": [made["id"]], "technicians": [tina.id], "i": [made["id"]],
           "sign-ins": [browser.call("GET", "/v1/sign-ins").json()["sign_ins"][0]["id"]]}
    # The event stream does not end by itself; the pages' files are not the API.
    run(venv, plane, ada.key, tmp_path, ids, "--exclude-path-regex", "^/operator/|^/v1/events")


def test_nothing_the_operator_sends_gets_an_undocumented_answer(venv, plane, tmp_path):
    company = operate(plane, "POST", "/companies", {"name": "Contract"})[1]
    key = (plane.dir / "operator.key").read_text().strip()
    run(venv, plane, key, tmp_path, {"companies": [company["id"]]}, "--include-path-regex", "^/operator/")
