"""Computers: the managed ones as records that occupy seats, and the group of ad-hoc support sessions (S-22, S-25, S-26)."""
import concurrent.futures
import json
import subprocess

import pytest
import requests

from customers import Session
from flows import new_technician
from invariants import check_invariants
from processes import activate, running, wait_for


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    with running(tmp_path_factory.mktemp("computers"), check=check_invariants) as p:
        yield p


@pytest.fixture
def admin(plane):
    return plane.technician(plane.company(), role="administrator")


def add(client, name, gateway=0, **fields):
    return client.call("POST", "/v1/computers", {"name": name, **fields}, gateway)


def import_csv(client, text, content_type="text/csv; charset=utf-8"):
    answer = requests.post(f"http://{client.gateways[0].listen}/v1/computers/import", timeout=20, data=text,
                           headers={"Authorization": f"Bearer {client.key}", "Content-Type": content_type})
    return answer.status_code, answer.json()


def listed(client, query=""):
    status, body = client.call("GET", f"/v1/computers{query}")
    assert status == 200, body
    return body


def names(body):
    return [computer["name"] for computer in body["computers"]]


# ---- managed computers ----

def test_a_computer_is_added_read_changed_and_removed(admin):
    """S-25"""
    status, made = add(admin, "  FRONT-1 ", group="Front desk", note="Kim's")
    assert status == 201 and made["kind"] == "managed" and made["name"] == "FRONT-1" and made["last_online"] is None
    url = f"/v1/computers/{made['id']}"
    assert admin.call("GET", url) == (200, made)
    status, changed = admin.call("PATCH", url, {"note": "Jo's", "group": "Back"}, If_Match=f'"{made["version"]}"')
    assert status == 200 and (changed["note"], changed["group"], changed["name"]) == ("Jo's", "Back", "FRONT-1")
    assert names(listed(admin, "?group=back")) == ["FRONT-1"] and names(listed(admin, "?group=Front%20desk")) == []
    status, problem = admin.call("PATCH", url, {"note": "lost update"}, If_Match=f'"{made["version"]}"')
    assert (status, problem["reason"]) == (412, "precondition_failed")
    assert admin.call("DELETE", url)[0] == 204
    assert admin.call("GET", url)[0] == admin.call("DELETE", url)[0] == 404 and names(listed(admin)) == []


def test_every_change_of_a_computer_is_an_event(plane, admin):
    """S-48 S-71"""
    made = add(admin, "PC-1", group="A")[1]
    admin.call("PATCH", f"/v1/computers/{made['id']}", {"note": "n"})
    admin.call("DELETE", f"/v1/computers/{made['id']}")

    def events():
        out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", plane.bootstrap, "-t", "beistand.journal", "-o", "beginning",
                              "-X", "fetch.wait.max.ms=5", "-X", "broker.address.family=v4"], capture_output=True,
                             text=True, timeout=60, check=True).stdout
        return [e for e in map(json.loads, out.splitlines()) if e.get("computer") == made["id"]]
    wait_for(lambda: len(events()) == 3, 15, lambda: f"three events, have {events()}")
    assert [e["type"] for e in events()] == ["computer.added", "computer.changed", "computer.removed"]
    assert [e["version"] for e in events()] == [1, 2, 3]
    assert all(e["actor"]["id"] == admin.id and e["company"] == admin.company and "session" not in e for e in events())


@pytest.mark.parametrize("body", [
    {}, {"name": ""}, {"name": "   "}, {"name": 7}, {"name": "a\nb"}, {"name": "n" * 121}, {"name": "a", "group": "adhoc"},
    {"name": "a", "group": "managed"}, {"name": "a", "note": "n" * 501}, {"name": "a", "last_online": "now"},
    {"name": "a", "session": "0" * 26}, {"name": None},
])
def test_a_malformed_computer_is_refused(admin, body):
    """S-36: also whoever tries to make an ad-hoc session a managed computer (S-26)."""
    status, problem = admin.call("POST", "/v1/computers", body)
    assert (status, problem["reason"]) == (400, "invalid_request") and names(listed(admin)) == []


def test_a_name_is_once_in_its_group_whatever_its_case(admin):
    assert add(admin, "PC-1", group="Office")[0] == 201
    assert add(admin, "PC-1", group="Lab")[0] == 201
    status, problem = add(admin, "pc-1", group="OFFICE")
    assert (status, problem["reason"]) == (409, "computer_exists")
    other = add(admin, "PC-2", group="Office")[1]
    assert admin.call("PATCH", f"/v1/computers/{other['id']}", {"name": "PC-1"})[1]["reason"] == "computer_exists"
    assert admin.call("PATCH", f"/v1/computers/{other['id']}", {"name": "pc-2"})[0] == 200


def test_only_administrators_change_the_list_and_only_of_their_company(plane, admin):
    """S-24 S-25"""
    tina = plane.technician(admin.company)
    made = add(admin, "PC-1")[1]
    url = f"/v1/computers/{made['id']}"
    assert names(listed(tina)) == ["PC-1"] and tina.call("GET", url)[0] == 200
    for answer in (add(tina, "PC-2"), import_csv(tina, "name\nPC-2\n"), tina.call("PATCH", url, {"note": "x"}),
                   tina.call("DELETE", url)):
        assert answer[0] == 403 and answer[1]["reason"] == "permission_missing"
    stranger = plane.technician(plane.company(), role="administrator")
    for answer in (stranger.call("GET", url), stranger.call("PATCH", url, {"note": "x"}), stranger.call("DELETE", url)):
        assert answer[0] == 404
    assert names(listed(stranger)) == [] and names(listed(admin)) == ["PC-1"]


def test_the_list_is_ordered_by_group_and_name_and_paged(plane):
    """S-25"""
    admin = plane.technician(plane.company(seats=30), role="administrator")
    wanted = []
    for group in ("", "Büro", "Lab"):
        for number in range(7):
            assert add(admin, f"PC-{number}", group=group)[0] == 201
            wanted.append((group, f"PC-{number}"))
    seen, cursor = [], ""
    while cursor is not None:
        body = listed(admin, f"?group=managed&limit=4{cursor}")
        seen += [(c["group"], c["name"]) for c in body["computers"]]
        cursor = body["next_cursor"] and f"&cursor={body['next_cursor']}"
    assert seen == sorted(wanted)
    first = listed(admin)
    assert first["groups"] == [{"name": g, "computers": 7} for g in ("", "Büro", "Lab")]
    assert first["licences"] == {"seats": 30, "managed": 21, "sessions": 0, "free": 9}
    for bad in ("limit=0", "limit=101", "limit=x", "cursor=%00", "cursor=A", "group=" + "g" * 121):
        assert admin.call("GET", f"/v1/computers?{bad}")[1].get("reason") == "invalid_request", bad


# ---- seats ----

def test_managed_computers_and_sessions_share_the_seats_exactly(plane):
    """S-22: 40 computers and 40 sessions at once, seven seats."""
    cid = plane.company(seats=7, limit_company=100, limit_technician=100)
    team = [plane.technician(cid, role="administrator") for _ in range(4)]

    def one(number):
        client = team[number % 4]
        return add(client, f"PC-{number}", number % 2) if number % 2 else client.create(gateway=number % 2)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(one, range(80)))
    assert sum(status == 201 for status, _ in answers) == 7
    assert {body["reason"] for status, body in answers if status != 201} == {"no_licence"}
    head = listed(team[0])["licences"]
    assert head["managed"] + head["sessions"] == 7 == head["seats"] and head["free"] == 0
    assert len(team[0].leases()) == head["sessions"]


def test_removing_a_computer_frees_its_seat_once(plane):
    """S-22"""
    admin = plane.technician(plane.company(seats=1), role="administrator")
    made = add(admin, "PC-1")[1]
    assert admin.create()[1]["reason"] == "no_licence"
    assert admin.call("POST", "/v1/computers", {"name": "PC-2"})[1]["free"] == 0
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda i: admin.call("DELETE", f"/v1/computers/{made['id']}", None, i % 2)[0], range(10)))
    assert sorted(set(answers)) in ([204, 404], [204]) and answers.count(204) == 1
    assert admin.create()[0] == 201 and add(admin, "PC-2")[1]["reason"] == "no_licence"


# ---- import ----

GOOD = ('\ufeffname,note,group\r\nPC-1,"says ""hello"", twice",Büro\r\n\r\nPC-2,"two\r\nlines",\r\n PC-3 ,,Lab\r\n')


def test_a_list_is_imported_whole(admin):
    """S-25: RFC 4180 with quotes, line breaks in fields, a byte order mark and empty lines."""
    assert import_csv(admin, GOOD.encode()) == (201, {"imported": 3})
    computers = {c["name"]: c for c in listed(admin)["computers"]}
    assert computers["PC-1"]["note"] == 'says "hello", twice' and computers["PC-1"]["group"] == "Büro"
    assert computers["PC-2"]["note"] == "two\r\nlines" and computers["PC-3"]["group"] == "Lab"


@pytest.mark.parametrize("text, errors", [
    (b"name,group\nPC-1,A\n,B\n", [(3, "name")]),
    (b"name,group\nPC-1,A\nPC-2\nPC-3,adhoc\n", [(3, ""), (4, "group")]),
    (b"name\nPC-1\n\"PC\n2\"\nPC-3\n" + b"n" * 121 + b"\n", [(3, "name"), (6, "name")]),
    (b"name\nPC-\xff\n", [(2, "name")]),
    (b"name,group\nPC-1,\"open\n", [(2, "")]),
])
def test_a_list_with_mistakes_says_each_line_and_imports_nothing(admin, text, errors):
    status, problem = import_csv(admin, text)
    assert (status, problem["reason"]) == (400, "invalid_request")
    assert [(e["line"], e["column"]) for e in problem["errors"]] == errors and all(e["error"] for e in problem["errors"])
    assert names(listed(admin)) == []


@pytest.mark.parametrize("text", [b"", b"\n\n", b"name\n", b"group,note\nA,B\n", b"name;group\nPC;A\n", b"name,name\nA,B\n",
                                  b"name\n" + b"".join(b"PC-%d\n" % i for i in range(1001))])
def test_a_list_that_is_none_is_refused_with_the_cause(admin, text):
    status, problem = import_csv(admin, text)
    assert (status, problem["reason"]) == (400, "invalid_request") and problem["detail"] and names(listed(admin)) == []
    assert import_csv(admin, b"name\nA\n", "application/json")[1]["reason"] == "invalid_request"


def test_duplicates_are_named_by_line_and_nothing_is_imported(admin):
    assert add(admin, "PC-2", group="Lab")[0] == 201
    status, problem = import_csv(admin, b"name,group\nPC-1,Lab\npc-2,LAB\nPC-3,Lab\nPC-1,lab\n")
    assert (status, problem["reason"]) == (409, "computer_exists")
    assert problem["errors"] == [{"line": 3}, {"line": 5, "of": 2}] and names(listed(admin)) == ["PC-2"]


def test_a_list_larger_than_the_free_seats_imports_nothing(plane):
    """S-22"""
    admin = plane.technician(plane.company(seats=3), role="administrator")
    assert admin.create()[0] == 201
    status, problem = import_csv(admin, b"name\nA\nB\nC\n")
    assert (status, problem["reason"], problem["free"]) == (409, "no_licence", 2) and listed(admin)["licences"]["managed"] == 0
    assert import_csv(admin, b"name\nA\nB\n")[0] == 201


def test_the_largest_list_is_one_step(plane):
    admin = plane.technician(plane.company(seats=1000), role="administrator")
    assert import_csv(admin, "name,group\n" + "".join(f"PC-{i},G{i % 50}\n" for i in range(1000)))[0] == 201
    assert listed(admin)["licences"] == {"seats": 1000, "managed": 1000, "sessions": 0, "free": 0}


# ---- ad-hoc support sessions ----

def test_the_adhoc_group_has_the_active_sessions_one_may_see(plane, admin):
    """S-25: the technician's own; an administrator sees the company's."""
    tina, kim = plane.technician(admin.company), plane.technician(admin.company)
    assert tina.create()[0] == 201
    made = kim.create(customer_name="Kim's customer")[1]
    assert activate(plane, made)[0] == 200
    body = listed(kim, "?group=adhoc")
    [computer] = body["computers"]
    assert computer["id"] == computer["session"] == made["id"] and computer["kind"] == computer["group"] == "adhoc"
    assert computer["name"] == "PC" and computer["technician"]["id"] == kim.id and not computer["online"]
    assert listed(tina, "?group=adhoc")["computers"] == [] and listed(admin, "?group=adhoc")["computers"] == [computer]
    assert admin.call("GET", f"/v1/computers/{made['id']}") == (200, computer)
    assert tina.call("GET", f"/v1/computers/{made['id']}")[0] == 404
    assert add(admin, "PC-9")[0] == 201
    assert names(listed(admin)) == ["PC", "PC-9"] and names(listed(admin, "?group=managed")) == ["PC-9"]


def test_an_adhoc_session_cannot_become_a_managed_computer(plane, admin):
    """S-26"""
    made = admin.create()[1]
    activate(plane, made)
    status, problem = admin.call("PATCH", f"/v1/computers/{made['id']}", {"group": "Office"})
    assert (status, problem["reason"]) == (409, "wrong_state")
    assert listed(admin)["licences"] == {"seats": 20, "managed": 0, "sessions": 1, "free": 19}


def test_deleting_an_adhoc_computer_ends_its_session_and_frees_the_licence(plane):
    """S-9 S-25 S-36 computer_deleted"""
    tina = plane.technician(plane.company(seats=1))
    made = tina.create()[1]
    assert tina.call("DELETE", f"/v1/computers/{made['id']}")[0] == 404, "an invitation is no computer yet"
    activate(plane, made)
    status, session = tina.call("DELETE", f"/v1/computers/{made['id']}")
    assert (status, session["status"], session["reason"], session["removal"]) == (202, "ended", "computer_deleted", "pending")
    assert tina.leases() == [] and listed(tina)["computers"] == [] and tina.create()[0] == 201
    assert activate(plane, made)[1]["reason"] == "computer_deleted"


def test_a_connected_viewer_is_in_the_way_of_deletion_unless_forced(stack, tmp_path):
    """S-25: online since, in use, last online; the whole suite with a real connection."""
    api = new_technician(stack)
    session = Session(stack, api, tmp_path).online().pair()
    url = f"/v1/computers/{session.id}"
    with session.connect() as viewer:
        wait_for(lambda: api.call("GET", url)[1]["in_use"], 15, lambda: "in_use")
        computer = api.call("GET", url)[1]
        assert computer["online"] and computer["online_since"] and computer["last_online"] is None
        status, problem = api.call("DELETE", url)
        assert (status, problem["reason"]) == (409, "computer_in_use") and api.session(session.id)["status"] == "active"
        status, ended = api.call("DELETE", url + "?force=true")
        assert status == 202 and ended["reason"] == "computer_deleted"
        assert viewer.child.wait(20) == 1
    session.pc.wait_state("over", "computer_deleted", 30)
    api.wait(session.id, lambda s: s["removal"] == "removed")
    session.close()


def test_a_viewer_that_leaves_is_not_in_use_and_an_offline_pc_says_since_when(stack, tmp_path):
    """S-25 S-33"""
    api = new_technician(stack)
    session = Session(stack, api, tmp_path).online().pair()
    url = f"/v1/computers/{session.id}"
    with session.connect(seconds=2) as viewer:
        assert viewer.child.wait(30) == 0
    wait_for(lambda: not api.call("GET", url)[1]["in_use"], 15, lambda: "still in use")
    session.pc.close()
    wait_for(lambda: not api.call("GET", url)[1]["online"], 15, lambda: "still online")
    computer = api.call("GET", url)[1]
    assert computer["online_since"] is None and computer["last_online"]
    status, problem = api.call("POST", f"/v1/sessions/{session.id}/tickets", {"feature": "remote"})
    assert (status, problem["reason"]) == (409, "computer_offline")
    assert problem["last_online"] == computer["last_online"] and problem["last_state"] == "program_closed"
    assert problem["checks"] == ["program_running", "computer_on", "internet_working"]
    assert api.call("DELETE", url)[0] == 202
