"""The customer at a Windows PC (Wine), for demo and tests: takes the link of the mail, downloads, runs, types, reads."""
import re
import ssl
import urllib.request
from pathlib import Path

from process import wait_until
from winepc import WinePC

# Where the program's window has its parts on a screen of 1280x800 (agent/win/ui.c, 96 dots per inch).
FIELD, BANNER_END = (640, 317), (1192, 728)
FOLDER = "Program Files/Beistand Support"
TASK = "windows/system32/tasks/BeistandSupportDeadline"
# What Wine itself writes when a program opens a certificate store or the task scheduler, when a console
# program runs, or when a PC starts with another X server. On Windows these are there from the beginning.
WINE_WRITES = re.compile(r"SystemCertificates|\\Control\\\\Class\\|\\Services\\\\Schedule\] \"Start\"|CurrentVersion\\\\Run\]$"
                         r"|^user\.reg \[Console\]")


class Customer(WinePC):
    """ca: file of the origin's certificate authority."""

    def __init__(self, root, ca, name="KIMS-PC"):
        self.ca = ca
        self.earlier_log = None
        super().__init__(root, name)

    def fetch(self, url, method="GET"):
        """(status, headers, body)"""
        context = ssl.create_default_context(cafile=self.ca)
        request = urllib.request.Request(url.split("#")[0], method=method)
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status, answer.headers, answer.read()

    def download(self, link):
        """What the install page's button does: the file is named by the page's script, after the token."""
        page, _, token = link.partition("#")
        folder = self.drive_c / "users" / "root" / "Downloads"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"Support-{token}.exe"
        target.write_bytes(self.fetch(page + "/download")[2])
        return target

    def run_program(self, path):
        """What an earlier run wrote into its log does not count from here on."""
        self.earlier_log = self.log_file.stat().st_ino if self.log_file.exists() else None
        return self.start(path)

    def dismiss(self, child, seconds=60):
        """Reads the program's last words and presses Return, until it has ended."""
        def ended():
            self.key("Return")
            return child.poll() is not None
        wait_until(ended, seconds, lambda: "the program's end")

    def answer(self, text):
        """Types into the program's field, as a person who clicked it."""
        self.click(*FIELD)
        self.xdotool("key", "ctrl+a")
        self.type(text)
        self.key("Return")

    def end_in_banner(self):
        self.click(*BANNER_END)

    @property
    def installed(self):
        return self.drive_c / FOLDER

    @property
    def log_file(self):
        return self.installed / "support.log"

    def program_log(self):
        try:
            fresh = self.log_file.stat().st_ino != self.earlier_log
            return self.log_file.read_text(errors="replace") if fresh else ""
        except FileNotFoundError:
            return ""

    def wait_window(self, what, times=1, seconds=40):
        """Until the window has shown this so many times: "question", "session", "connected"."""
        wait_until(lambda: len(re.findall(rf"window: {what}", self.program_log())) >= times, seconds,
                   lambda: f"the window: {what}")

    def wait_removed(self, seconds=60):
        """Folder and scheduled task: the task goes last."""
        wait_until(lambda: not self.installed.exists() and not (self.drive_c / TASK).exists(), seconds,
                   lambda: "the program's removal")

    def window(self, title):
        """Is there a window of this name?"""
        return bool(self.xdotool("search", "--name", title, check=False).strip())


def difference(before, after):
    """What is new, changed or gone between two snapshots, but for what Wine writes by itself."""
    names = sorted(set(before) | set(after))
    return [n for n in names if before.get(n) != after.get(n) and not WINE_WRITES.search(n)]


def new_customer(root, stack, name="KIMS-PC"):
    return Customer(Path(root), str(stack.root / "secrets" / "ca.pem"), name)
