"""S-48: connections to the PC are in the audit log as the relay knows them, with the address that the edge saw."""
import secrets

import pytest

from flows import Cli, SimPC, new_e, new_technician
from stack import wait_until


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


def records(api, sid):
    status, page = api.call("GET", f"/v1/audit?session={sid}&limit=100")
    assert status == 200, page
    return page["records"][::-1]


def test_who_was_connected_and_for_how_long(stack, tmp_path):
    """S-48 S-7: ticket, connected, left; the same connection in all three; who, from where, nothing of what they did."""
    api = new_technician(stack, role="administrator")
    cli = Cli(stack, api.key, tmp_path / "cli")
    password = cli.set_password(secrets.token_urlsafe(12))
    made = api.create()[1]
    code = made["code_prefix"] + new_e()
    with SimPC(stack, made["install_url"], code, tmp_path / "pc"):
        api.wait(made["id"], lambda s: s["online"], 20, "online")
        cli.run("pair", made["id"], "--code", code, "--password-file", password)
        cli.run("screenshot", made["id"], tmp_path / "s.png", "--password-file", password)
        found = wait_until(lambda: (r := records(api, made["id"])) and [x["type"] for x in r].count("audit.viewer_left") == 2 and r,
                           20, lambda: [x["type"] for x in records(api, made["id"])])
    tickets, connected, left = ([r for r in found if r["type"] == f"audit.{kind}"]
                                for kind in ("ticket_issued", "viewer_connected", "viewer_left"))
    for ticket, one, other in zip(tickets, connected, left, strict=True):
        assert ticket["details"]["conn_id"] == one["details"]["conn_id"] == other["details"]["conn_id"]
        assert ticket["seq"] < one["seq"] < other["seq"] and other["details"]["seconds"] >= 0
        for record in (ticket, one, other):
            assert record["actor"] == {"type": "technician", "id": api.id, "name": "Tina Muster", "address": "127.0.0.1"}
    assert [t["details"]["mode"] for t in tickets] == ["pair", "connect"]
    activated = next(r for r in found if r["type"] == "session.activated")
    assert activated["actor"]["address"] == "127.0.0.1"
    assert password.read_text().strip() not in str(found)
