"""The Windows program itself (the exe that is downloaded), run under Wine as the customer runs it. What Wine cannot prove is
said in the README; the rest of the flow is the same as with the simulator in test_end_to_end.py."""
import hashlib
import secrets
import shutil
import subprocess

import pytest
from PIL import Image

from customer import difference, new_customer
from flows import Cli, damm_digit, new_e, new_technician, wait_mail, wrong_code
from stack import ROOT, wait_until

EXE = ROOT / "build" / "agent" / "beistand-support.exe"
PASSWORD = "correct horse battery"
SQUARE, LEFT, TOP = 10, 20, 20

pytestmark = pytest.mark.skipif(not EXE.exists(), reason="the Windows program is not built (make agent)")


@pytest.fixture(scope="module")
def stack(make_stack):
    return make_stack()


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    out = tmp_path_factory.mktemp("probe") / "probe.exe"
    subprocess.run(["x86_64-w64-mingw32-gcc", "-municode", "-mwindows", "-O1", "-o", out, ROOT / "tests" / "agent" / "probe.c"],
                   check=True)
    return out


@pytest.fixture
def kim(stack, tmp_path):
    with new_customer(tmp_path / "pc", stack) as customer:
        yield customer
    shutil.rmtree(tmp_path / "pc", ignore_errors=True)


class Support:
    """One session with everybody who takes part."""

    def __init__(self, stack, kim, tmp_path, **body):
        self.kim = kim
        self.tina = new_technician(stack)
        status, self.made = self.tina.create(**body)
        assert status == 201, self.made
        self.id, self.link, self.e = self.made["id"], self.made["install_url"], new_e()
        self.cli = Cli(stack, self.tina.key, tmp_path / "cli")
        self.code = self.made["code_prefix"] + self.e

    def set_up(self):
        self.kim.run_program(self.kim.download(self.link))
        self.kim.wait_window("question")
        return self

    def activate(self):
        self.kim.answer(self.code)
        self.tina.wait(self.id, lambda s: s["status"] == "active" and s["online"], 30)
        return self

    def pair(self):
        self.password = self.cli.set_password(PASSWORD)
        assert self.cli.run("pair", self.id, "--code", self.code, "--password-file", self.password)[-1] == {"paired": True}
        return self

    def screen(self, path):
        self.cli.run("screenshot", self.id, path, "--password-file", self.password)
        return Image.open(path).convert("L")


def read_squares(image):
    """The text that probe.exe shows."""
    text = ""
    for i in range(100):
        values = [image.getpixel((LEFT + i * SQUARE + 5, TOP + bit * SQUARE + 5)) for bit in range(8)]
        if any(0x20 < v < 0xD0 or v > 0xF8 for v in values):
            return text
        text += chr(sum((v > 0x80) << (7 - bit) for bit, v in enumerate(values)))
    return text


def test_the_customer_is_helped_and_nothing_is_left_on_the_pc(stack, kim, probe, tmp_path):
    """S-3 S-5 S-6 S-7 S-9 S-10 S-13 S-40 S-45: from the mail to the signed receipt; the prefix before and after differs by nothing."""
    kim.shut_down()
    before = kim.snapshot()
    kim.start_up()
    address = f"kim-{secrets.token_hex(4)}@example.com"
    session = Support(stack, kim, tmp_path, customer_email=address, customer_name="Kim", send_email=True)
    link = wait_mail(stack, address).link
    assert link == session.link
    program = kim.download(link)
    assert hashlib.sha256(program.read_bytes()).digest() == hashlib.sha256((stack.root / "program" / "beistand-support.exe").read_bytes()).digest()
    kim.run_program(program)
    kim.wait_window("question")
    checks = session.tina.wait(session.id, lambda s: s["checks"].get("set_up") == "ok")["checks"]
    assert set(checks.values()) == {"ok"} and {"administrator", "windows_version", "no_host", "no_session"} <= set(checks)

    kim.answer(wrong_code(session.made["code_prefix"]) + session.e)
    session.tina.wait(session.id, lambda s: s["attempts_left"] == 4)
    kim.wait_window("question", times=2)
    session.activate().pair()
    assert session.tina.session(session.id)["machine"]["name"] == "KIMS-PC"
    assert session.tina.wait(session.id, lambda s: s["paired"])

    drawn, typed = secrets.token_hex(8), "Zoë €42 " + secrets.token_hex(6)
    kept = tmp_path / "typed"
    kim.start(probe, drawn, f"Z:{kept}")
    wait_until(lambda: read_squares(session.screen(tmp_path / "screen.png")) == drawn, 30, lambda: "the drawn text on the technician's screen")
    session.cli.run("type", session.id, typed, "--password-file", session.password)
    wait_until(lambda: kept.exists() and kept.read_text() == typed, 15, lambda: f"typed {typed!r}, have {kept.exists() and kept.read_text()!r}")

    assert session.tina.end(session.id)[0] == 202
    session.tina.wait(session.id, lambda s: s["removal"] == "removed", 40)
    kim.wait_removed()
    program.unlink()
    kim.shut_down()
    left = difference(before, kim.snapshot())
    assert not left, "\n".join(left)


def test_the_customer_ends_the_session_in_the_program(stack, kim, tmp_path):
    """S-9 S-45 ended_by_customer"""
    session = Support(stack, kim, tmp_path).set_up().activate().pair()
    kim.wait_window("session")
    kim.end_in_banner()
    ended = session.tina.wait(session.id, lambda s: s["status"] == "ended", 20)
    assert ended["reason"] == "ended_by_customer"
    session.tina.wait(session.id, lambda s: s["removal"] == "removed", 40)
    kim.wait_removed()


def test_a_mistyped_code_is_noticed_before_anything_is_sent(stack, kim, tmp_path):
    """S-5: the check digit."""
    session = Support(stack, kim, tmp_path).set_up()
    wrong_digit = str((int(session.e[-1]) + 1) % 10)
    assert damm_digit(session.e[:-1]) != wrong_digit
    kim.answer(session.made["code_prefix"] + session.e[:-1] + wrong_digit)
    kim.wait_window("question", times=2)
    kim.answer(session.code)
    session.tina.wait(session.id, lambda s: s["status"] == "active", 30)
    assert session.tina.session(session.id)["attempts_left"] == 5


def test_the_session_survives_a_restart_of_the_pc(stack, kim, tmp_path):
    """S-8: after the restart the service is there by itself and the password still opens it."""
    session = Support(stack, kim, tmp_path).set_up().activate().pair()
    kim.shut_down()
    session.tina.wait(session.id, lambda s: not s["online"], 45)
    kim.start_up()
    session.tina.wait(session.id, lambda s: s["online"], 45)
    assert session.screen(tmp_path / "again.png").size == (1280, 800)
    session.tina.end(session.id)
    kim.wait_removed()


def test_a_second_start_leaves_the_open_session_alone(stack, kim, tmp_path):
    """S-31 already_activated"""
    session = Support(stack, kim, tmp_path).set_up().activate()
    other = Support(stack, kim, tmp_path)
    child = kim.run_program(kim.download(other.link))
    other.tina.wait(other.id, lambda s: s["checks"].get("no_session") == "failed", 30)
    kim.dismiss(child)
    now = session.tina.session(session.id)
    assert now["status"] == "active" and now["online"]
    session.tina.end(session.id)
    kim.wait_removed()


def test_installed_host_software_stops_the_set_up(stack, kim, tmp_path):
    """S-26 S-31 host_installed"""
    kim.registry(r"HKLM\Software\Beistand\Host", "Version", "REG_SZ", "1")
    session = Support(stack, kim, tmp_path)
    child = kim.run_program(kim.download(session.link))
    session.tina.wait(session.id, lambda s: s["checks"].get("no_host") == "failed", 30)
    kim.dismiss(child)
    assert not kim.installed.exists() and session.tina.session(session.id)["status"] == "invited"


def test_left_overs_of_an_interrupted_set_up_do_not_block_a_new_one(stack, kim, tmp_path):
    """S-35"""
    first = Support(stack, kim, tmp_path).set_up()
    kim.shut_down()
    kim.start_up()
    first.tina.end(first.id)
    second = Support(stack, kim, tmp_path).set_up().activate()
    assert second.tina.session(second.id)["machine"]["name"] == "KIMS-PC"
    second.tina.end(second.id)
    kim.wait_removed()


def test_an_expired_session_removes_itself_without_the_network(make_stack, tmp_path):
    """S-10: at the deadline, offline."""
    stack = make_stack(env={"SESSION_TTL_MS": 15000})
    with new_customer(tmp_path / "pc", stack) as kim:
        session = Support(stack, kim, tmp_path).set_up().activate()
        stack.stop("edge")
        wait_until(lambda: "state receipt session_expired" in kim.program_log(), 40, lambda: kim.program_log()[-500:])
        stack.start("edge")
        session.tina.wait(session.id, lambda s: s["removal"] == "removed", 60)
        kim.wait_removed()
