"""S-8, S-61, S-63: Redis was emptied, or put back to an older copy. Nobody uses it before `beistand-cli rebuild` has made it
whole again from the topics of a broker that remembers (real Apache Kafka); then everything goes on. DESIGN 2,
docs/decisions/0043-rebuild.md."""
import json
import secrets
import shutil
import signal
import subprocess

import pytest
import requests

from audit import verify
from flows import Support, activate, journal, new_technician, read_redis, wait_mail
from invariants import check_journal, check_state, outboxes_empty, sessions
from load import Load, check_after, check_works
from stack import SERVICES, http_status, wait_until

LOST = "redis has lost writes that the journal has: run beistand-cli rebuild"
ENV = {"INVITATION_TTL_MS": "60000", "SESSION_TTL_MS": "600000"}
PASSWORD = "a long enough password"


@pytest.fixture(scope="module")
def stack(kafka, make_stack):
    return make_stack(kafka=kafka.bootstrap, replicas={"gateway": 2, "sweeper": 2}, env=ENV)


def why_not(stack):
    """{replica: what /readyz says}."""
    names = [i for s in SERVICES for i in stack.instances(s)]
    told = {name: http_status(stack.health(name) + "/readyz?verbose") for name in names}
    return {name: json.loads(text)["why"] if status else text for name, (status, text) in told.items()}


def drained(stack):
    wait_until(lambda: outboxes_empty(read_redis(stack)), 20, lambda: "an outbox is not drained")


def replace_redis(stack, copy=None):
    """Waits until everybody says that it has lost writes."""
    stack.replace_redis(copy)
    wait_until(lambda: set(why_not(stack).values()) == {LOST}, 20, lambda: str(why_not(stack)))


def rebuilt(stack, *options):
    status, told = stack.rebuild(*options)
    assert status == 0, told
    stack.wait_ready()
    wait_until(lambda: new_technician(stack).call("GET", "/v1/me")[0] == 200, 10, lambda: "the edge sees them again")
    return told


def test_an_emptied_redis_is_not_used_and_then_rebuilt(stack, tmp_path):
    """S-8 S-48 S-62: a running session, an invitation, an ended session, people, passwords, keys, computers and the audit log."""
    admin = new_technician(stack, role="administrator")
    tina = new_technician(stack, company=admin.company)
    email = f"ada-{secrets.token_hex(4)}@example.com"
    password_file = tmp_path / "password"
    password_file.write_text(PASSWORD)
    stack.directory.create_technician(admin.company, "Ada", email, role="administrator", password=PASSWORD)
    for name in ("one", "two", "three"):
        assert admin.call("POST", "/v1/computers", {"name": name, "group": "Office"})[0] == 201
    computers = admin.call("GET", "/v1/computers")[1]["computers"]
    assert admin.call("DELETE", f"/v1/computers/{computers[0]['id']}")[0] == 204
    ended = tina.create()[1]
    assert tina.end(ended["id"])[0] == 202
    with Support(stack, tmp_path, api=tina) as one:
        one.paired()
        invited = admin.create(key="the key of it", send_email=True, customer_email="kim@example.com")[1]
        wait_mail(stack, "kim@example.com")
        admin.wait(invited["id"], lambda s: s["mail"]["state"] == "sent")
        drained(stack)
        before = {s["id"]: s for s in admin.call("GET", "/v1/sessions")[1]["sessions"]}
        redis_before = {sid: record for _, sid, record in sessions(read_redis(stack)) if record["company"] == admin.company}
        replace_redis(stack)
        assert admin.call("GET", "/v1/me")[1]["reason"] == "unavailable"
        assert activate(stack, invited)[0] == 503, "nobody is told that the link does not exist"
        lines = len(one.pc.seen)
        told = rebuilt(stack)
        assert told["sessions"] >= 3 and told["computers"] == 3 and told["unreadable"] == told["without_link"] == 0, told
        assert not [line for line in one.pc.seen[lines:] if line.get("state") == "over"], "the program gave up"
        tina.wait(one.id, lambda s: s["online"], 40, "the program is back")
        one.pc.say("say still here")
        assert one.read_screen(0) == "still here"
        check_whole(stack, admin, tina, before, redis_before, computers[1:])
        check_people(stack, admin, email)
        again = admin.create(key="the key of it", send_email=True, customer_email="kim@example.com")
        assert again[0] == 201 and again[1]["id"] == invited["id"], "the same request is the same session"
        assert admin.create()[1]["reason"] == "technician_limit"
        status, active = activate(stack, invited)
        assert status == 200, active
        assert tina.end(one.id)[0] == 202
        one.ended("ended_by_technician")
    check_audit(stack, admin, tmp_path)
    drained(stack)
    check_state(read_redis(stack))
    check_journal(read_redis(stack), journal(stack))


def check_whole(stack, admin, tina, before, redis_before, computers):
    after = {s["id"]: s for s in admin.call("GET", "/v1/sessions")[1]["sessions"]}
    for sid, session in before.items():
        for member in ("status", "technician", "created_at", "reason", "customer_email", "removal"):
            assert after[sid].get(member) == session.get(member), (sid, member)
    now = {sid: record for _, sid, record in sessions(read_redis(stack)) if record["company"] == admin.company}
    moving = ("last_online", "last_state")  # of the program, which has come back meanwhile
    for sid, record in redis_before.items():
        assert {k: v for k, v in now[sid].items() if k not in moving} == {k: v for k, v in record.items() if k not in moving}
    assert managed(admin) == [c["id"] for c in computers]
    assert tina.call("GET", "/v1/me")[1]["technician"]["id"] == tina.id


def managed(admin):
    """The ids of the group that is not that of the sessions."""
    return [c["id"] for c in admin.call("GET", "/v1/computers")[1]["computers"] if c["group"] == "Office"]


def check_people(stack, admin, email):
    """The password signs in; the company's list has everybody; a new session is of the next epoch."""
    answer = requests.post(f"{stack.origin}/v1/sign-in", json={"email": email, "password": PASSWORD}, timeout=20, verify=admin.ca)
    assert answer.status_code == 200, answer.text
    people = admin.call("GET", "/v1/technicians")[1]["technicians"]
    assert {p["name"] for p in people} == {"Tina Muster", "Ada"} and len(people) == 3
    other = new_technician(stack, company=admin.company)
    made = other.create()[1]
    r = read_redis(stack)
    record = next(record for _, sid, record in sessions(r) if sid == made["id"])
    assert int(record["epoch"]) >= 2
    assert other.end(made["id"])[0] == 202


def check_audit(stack, admin, tmp_path):
    drained(stack)
    answer = requests.get(f"{stack.origin}/v1/audit/export", headers={"Authorization": f"Bearer {admin.key}"}, timeout=30,
                          verify=admin.ca)
    path = tmp_path / "audit.ndjson"
    path.write_bytes(answer.content)
    status, told = verify(path)
    assert status == 0 and told["first"] == 1 and told["records"] > 10, told


def copy_redis(stack, folder):
    """As a backup does it: the append-only file while Redis goes on writing."""
    shutil.copytree(stack.root / "redis", folder)
    return folder


def test_an_older_copy_of_redis_is_brought_forward(stack, tmp_path):
    """S-63: put back to what it was a while ago, under load; whatever was answered meanwhile is there again."""
    with Load(stack) as load:
        wait_until(lambda: load.created() >= 8, 60, lambda: "work")
        copy = copy_redis(stack, tmp_path / "copy")
        before = load.created()
        wait_until(lambda: load.created() >= before + 12, 60, lambda: "work that the copy has not got")
    drained(stack)
    newest = {sid: record for _, sid, record in sessions(read_redis(stack))}
    replace_redis(stack, copy)
    held = {sid: record for _, sid, record in sessions(read_redis(stack))}
    assert len(held) < len(newest) and held != newest
    rebuilt(stack)
    check_after(stack, load)
    check_works(stack, load.apis)


def test_a_redis_emptied_as_it_runs_is_left_alone(stack):
    """FLUSHALL by mistake: everybody notices by themselves, and a rebuild brings it back."""
    api = new_technician(stack)
    made = api.create()[1]
    drained(stack)
    read_redis(stack).flushall()
    wait_until(lambda: set(why_not(stack).values()) == {LOST}, 10, lambda: str(why_not(stack)))
    assert activate(stack, made)[0] == 503
    rebuilt(stack)
    assert api.end(made["id"])[0] == 202


def test_killed_in_the_middle_it_is_run_again(stack, tmp_path):
    """Every fold is by version: broken off anywhere and repeated it gives the same; until it is through nobody is ready."""
    with Load(stack) as load:
        wait_until(lambda: load.created() >= 10, 60, lambda: "work")
    drained(stack)
    replace_redis(stack)
    env = {**stack.base_env(), **stack.settings("sweeper-1")}
    died = 0
    for number in range(12):
        child = subprocess.Popen([stack.cli, "rebuild"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(0.01 * (number + 1))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        died += child.wait() == -signal.SIGKILL
        if child.returncode == 0:
            break
        assert set(why_not(stack).values()) == {LOST}
    assert died >= 3
    if child.returncode != 0:
        rebuilt(stack)
    stack.wait_ready()
    check_after(stack, load)


def test_a_redis_that_is_whole_is_not_folded(stack):
    """What is in use is ahead of the journal; and Redis restarted as it was needs nothing."""
    status, told = stack.rebuild()
    assert status == 1 and told["detail"].startswith("nothing to do: "), told
    stack.kill("redis")
    stack.start("redis")
    stack.wait_ready()
    assert set(why_not(stack).values()) == {""}


def test_without_the_directory_s_key_nothing_is_approved(stack, tmp_path):
    """S-62: with a wrong key people could not be opened; it says so and everybody stays away from Redis."""
    api = new_technician(stack)
    drained(stack)
    replace_redis(stack)
    wrong = tmp_path / "directory.key"
    wrong.write_text("d9:" + secrets.token_hex(32) + "\n")
    status, told = stack.rebuild(env={"DIRECTORY_KEY_FILE": str(wrong)})
    assert status == 1 and "cannot be opened" in told["detail"], told
    assert set(why_not(stack).values()) == {LOST}
    rebuilt(stack)
    assert api.call("GET", "/v1/me")[0] == 200


def test_without_a_broker_it_says_so(stack, tmp_path):
    status, told = stack.rebuild("--force", env={"KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    assert status == 1 and told["detail"].startswith("kafka: "), told
    usage = subprocess.run([stack.cli, "rebuild", "--what"], capture_output=True, text=True, check=False)
    assert usage.returncode == 2 and "--accept-loss" in usage.stderr
