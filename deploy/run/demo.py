#!/usr/bin/python3
"""`make demo`: the main job from the e-mail to the customer's screen in the technician's browser, by itself, for real: Chromium
is the technician, a Windows PC under Wine is the customer. Screenshots of each step go to var/demo/. Exit 0 when what was
drawn on the PC arrived in the browser, what was typed in the browser arrived on the PC, and nothing is left on the PC.

    demo.py [--dir var/demo]
"""
import argparse
import email
import email.policy
import hashlib
import json
import os
import re
import secrets
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from customer import difference, new_customer  # noqa: E402
from process import StackError  # noqa: E402
from stack import ROOT, Stack, default_port, wait_until  # noqa: E402

FIELD = (300, 165)  # the edit field of tests/agent/probe.c
LINK = re.compile(r"https://\S+/i/[0-9a-z]{26}#[0-9A-Z-]+")


class Browser:
    def __init__(self, stack, log):
        env = {**os.environ, "STACK_JSON": str(stack.root / "stack.json"), "BEISTAND_BUILD": str(stack.build)}
        self.log = open(log, "ab")
        self.child = subprocess.Popen(["node", ROOT / "deploy" / "run" / "demo_browser.mjs"], env=env, text=True, stderr=self.log,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, command, **args):
        self.child.stdin.write(json.dumps({"command": command, **args}) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        answer = json.loads(line) if line else {"ok": False, "error": f"the browser ended; see {self.log.name}"}
        if not answer["ok"]:
            raise StackError(f"browser, {command}: {answer['error']}")
        return answer["value"]

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()


class Demo:
    def __init__(self, stack, folder):
        self.stack, self.folder = stack, folder
        self.started, self.step = time.monotonic(), 0

    def say(self, text):
        print(f"[{time.monotonic() - self.started:5.1f} s] {text}", flush=True)

    def shot(self, name, browser=None, pc=None):
        self.step += 1
        path = self.folder / f"{self.step:02d}-{name}.png"
        if browser:
            browser("shot", file=str(path))
        else:
            pc.screenshot(path)

    def end_open_sessions(self):
        """Of an earlier demo that was interrupted: a technician may have one open session."""
        context = ssl.create_default_context(cafile=self.stack.info["ca"])
        key = Path(self.stack.info["technician_key"]).read_text(encoding="ascii").strip()

        def call(method, path):
            request = urllib.request.Request(self.stack.origin + path, method=method, headers={"Authorization": f"Bearer {key}"})
            with urllib.request.urlopen(request, timeout=20, context=context) as answer:
                return json.load(answer)
        for session in call("GET", "/v1/sessions?status=open")["sessions"]:
            call("POST", f"/v1/sessions/{session['id']}/end")

    def mail_link(self, address):
        def newest():
            for path in sorted(self.stack.mailbox.glob("*.eml"), reverse=True):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if address in str(message["to"]):
                    shutil.copy(path, self.folder / "invitation.eml")
                    return LINK.search(message.get_body(("plain",)).get_content()).group(0)
            return None
        return wait_until(newest, 20, lambda: f"no mail to {address} in {self.stack.mailbox}")

    def technician_invites(self, browser):
        address = f"kim-{secrets.token_hex(3)}@customer.example"
        browser("sign_in")
        self.shot("console", browser)
        made = browser("new_session", email=address, name="Kim Kunde")
        self.shot("session-with-code", browser)
        self.say(f"The technician prepared a session for {address} and reads out the code.")
        return made, self.mail_link(address)

    def customer_sets_up(self, browser, pc, code, link):
        self.say(f"The mail has arrived: {link.split('#')[0]}#…")
        program = pc.download(link)
        served = (self.stack.root / "program" / "beistand-support.exe").read_bytes()
        if program.read_bytes() != served:
            raise StackError("what was downloaded is not the program that is served")
        self.say(f"Downloaded {program.name}: {len(served)} bytes, SHA-256 {hashlib.sha256(served).hexdigest()[:16]}…")
        pc.run_program(program)
        pc.wait_window("question", seconds=60)
        self.shot("program-asks-for-code", pc=pc)
        pc.answer(code)
        browser("wait_ready")
        self.shot("paired", browser)
        self.say("The customer typed the code: the session is active and the two ends have paired.")
        return program

    def both_see_each_other(self, browser, pc, probe):
        drawn, typed = secrets.token_hex(8), secrets.token_hex(8)
        kept = self.folder / "typed.txt"
        kept.unlink(missing_ok=True)
        pc.start(probe, drawn, f"Z:{kept}", "moving")
        browser("connect")
        browser("wait_squares", text=drawn)
        self.say(f"Drawn on the PC and read from the browser's pixels: {drawn}")
        browser("type", x=FIELD[0], y=FIELD[1], text=typed)
        wait_until(lambda: kept.exists() and kept.read_text() == typed, 20,
                   lambda: f"typed {typed}, the PC has {kept.read_text() if kept.exists() else None}")
        self.say(f"Typed in the browser and arrived in a window of the PC: {typed}")
        self.shot("remote-control", browser)
        self.shot("customer-sees-banner", pc=pc)
        self.say(f"The moving screen reaches the browser at {browser('updates', seconds=4):.0f} updates a second.")

    def end(self, browser, pc, session, program):
        browser("end")
        self.shot("program-says-it-ended", pc=pc)
        browser("wait_removed", id=session)
        self.shot("removed", browser)
        pc.wait_removed()
        program.unlink()
        self.say("The session was ended: the program removed itself and sent its signed receipt.")

    def keep_evidence(self, browser, pc):
        """What both saw when it went wrong."""
        pc.screenshot(self.folder / "failed-pc.png")
        (self.folder / "failed-program.log").write_text(pc.program_log())
        try:
            browser("shot", file=str(self.folder / "failed-browser.png"))
        except StackError as e:
            self.say(f"no screenshot of the browser: {e}")

    def run(self, probe):
        self.end_open_sessions()
        with new_customer(self.folder / "pc", self.stack) as pc:
            pc.shut_down()
            before = pc.snapshot()
            pc.start_up()
            browser = Browser(self.stack, self.folder / "browser.log")
            try:
                made, link = self.technician_invites(browser)
                program = self.customer_sets_up(browser, pc, made["code"], link)
                self.both_see_each_other(browser, pc, probe)
                self.end(browser, pc, made["id"], program)
            except StackError:
                self.keep_evidence(browser, pc)
                raise
            finally:
                browser.close()
            pc.shut_down()
            left = difference(before, pc.snapshot())
        if left:
            raise StackError("left on the PC: " + ", ".join(left))
        self.say("The PC before and after differs by nothing.")


def build_probe(folder):
    out = folder / "probe.exe"
    subprocess.run(["x86_64-w64-mingw32-gcc", "-municode", "-mwindows", "-O1", "-o", out, ROOT / "tests" / "agent" / "probe.c"], check=True)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, default=ROOT / "var" / "demo")
    folder = parser.parse_args().dir.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    root = folder.parent
    (root / "run").mkdir(exist_ok=True)
    stack = Stack(root, port=default_port(root))
    was_up = (root / "stack.json").exists() and stack.process("edge").pid
    try:
        stack.up()
        demo = Demo(stack, folder)
        demo.say(f"Beistand runs at {stack.origin}/")
        demo.run(build_probe(folder))
        print(f"The screenshots are in {folder}")
        return 0
    except (StackError, OSError, subprocess.SubprocessError) as e:
        print(f"demo: {e}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder / "pc", ignore_errors=True)
        if not was_up:
            stack.down()


if __name__ == "__main__":
    sys.exit(main())
