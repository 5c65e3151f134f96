"""A customer's Windows PC for demo and tests: a Wine prefix of its own, a screen of its own (Xvfb), a name of its own.

The prefix is copied from a template that is made once and kept in the cache (DESIGN 6). Everything that runs in it ends
with close(); what the program under test leaves behind is what snapshot() shows.
"""
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from process import StackError

WINE, WINESERVER = "/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64"
SCREEN = "1280x800"
SETTINGS = [
    (r"HKCU\Software\Wine\Explorer", "Desktop", "REG_SZ", "Default"),
    (r"HKCU\Software\Wine\Explorer\Desktops", "Default", "REG_SZ", SCREEN),
    (r"HKCU\Software\Wine\WineDbg", "ShowCrashDialog", "REG_DWORD", "0"),
]
# What Wine itself changes as it runs: clocks, most-recently-used lists, its own volatile keys.
NOISE = re.compile(r"^#time=|^\[.*\] \d+$")


def cache():
    return Path(os.environ.get("BEISTAND_CACHE") or Path.home() / ".cache" / "beistand")


def wine_env(prefix, display):
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(prefix.parent), "LC_ALL": "C.UTF-8", "DISPLAY": display,
        "WINEPREFIX": str(prefix), "WINEARCH": "win64", "WINEDEBUG": os.environ.get("BEISTAND_WINEDEBUG", "-all"),
        "WINESERVER": WINESERVER, "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=d;winedbg.exe=d",
    }


class Screen:
    """An X server that belongs to one PC."""

    def __init__(self, log):
        read, write = os.pipe()
        with open(log, "ab") as f:
            self.child = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN + "x24", "-nolisten", "tcp"],
                                          pass_fds=[write], stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        os.close(write)
        with os.fdopen(read) as f:
            number = f.readline().strip()
        if not number:
            raise StackError(f"Xvfb does not start; see {log}")
        self.display = f":{number}"

    def close(self):
        self.child.terminate()
        self.child.wait(10)


class WinePC:
    """root: folder of everything of this PC. name: what it calls itself."""

    def __init__(self, root, name="KIMS-PC"):
        self.root = Path(root).resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.prefix = self.root / "prefix"
        self.log = self.root / "wine.log"
        self.screen = Screen(self.root / "xvfb.log")
        self.env = wine_env(self.prefix, self.screen.display)
        self.children = []
        if not self.prefix.exists():
            subprocess.run(["cp", "-a", template(), self.prefix], check=True)
        self.server(["-p"])  # else services die with the last program of the user
        self.registry(r"HKLM\Software\Microsoft\Cryptography", "MachineGuid", "REG_SZ", make_guid())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # ---- programs ----

    def in_own_name(self, argv):
        """Its own host name needs an own UTS namespace, which only root may make; without it the PC has the machine's."""
        if os.geteuid() != 0:
            return argv
        return ["unshare", "-u", "sh", "-c", 'hostname "$0" && exec "$@"', self.name, *argv]

    def server(self, args, check=True):
        with open(self.log, "ab") as log:
            subprocess.run(self.in_own_name([WINESERVER, *args]), env=self.env, check=check, stdout=log, stderr=log, timeout=60)

    def start(self, program, *args):
        """A program of the prefix (a path of this machine or a Windows name); returns its Popen."""
        with open(self.log, "ab") as log:
            child = subprocess.Popen(self.in_own_name([WINE, str(program), *map(str, args)]), env=self.env, cwd=self.root,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.children.append(child)
        return child

    def run(self, program, *args, timeout=60):
        """(exit status, output). Into a file: a pipe would stay open in the services that the first program starts."""
        with tempfile.TemporaryFile() as out:
            status = subprocess.run(self.in_own_name([WINE, str(program), *map(str, args)]), env=self.env, cwd=self.root,
                                    timeout=timeout, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False).returncode
            out.seek(0)
            return status, out.read().decode(errors="replace")

    def registry(self, key, name, kind, value):
        status, output = self.run("reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f")
        if status != 0:
            raise StackError(f"reg add {key}: status {status}: {output}")

    @property
    def drive_c(self):
        return self.prefix / "drive_c"

    # ---- what a person at the PC sees and does ----

    def xdotool(self, *args, check=True):
        return subprocess.run(["xdotool", *map(str, args)], env=self.env, capture_output=True, text=True, check=check, timeout=30).stdout

    def type(self, text):
        self.xdotool("type", "--delay", "20", text)

    def key(self, name):
        self.xdotool("key", name)

    def click(self, x, y):
        self.xdotool("mousemove", x, y, "click", "1")

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=True, timeout=30)
        return path

    # ---- what is there ----

    def snapshot(self):
        """{path or registry line: digest} of what a program can leave behind. The wineserver must have ended, for it
        keeps the registry in memory."""
        found = {}
        for path in sorted(self.prefix.rglob("*")):
            name = str(path.relative_to(self.prefix))
            if path.is_symlink():
                found[name] = os.readlink(path)
            elif path.is_dir():
                found[name + "/"] = ""
            elif path.suffix == ".reg":
                found.update(registry_lines(name, path))
            else:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def shut_down(self):
        """Like turning the PC off: every process of the prefix ends, the registry is written."""
        self.server(["-k"], check=False)
        self.server(["-w"], check=False)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = []

    def start_up(self):
        """Windows starts: its services come up."""
        self.server(["-p"])
        self.run("wineboot", timeout=120)

    def close(self):
        self.shut_down()
        self.screen.close()


def registry_lines(name, path):
    """Every key and value as "file key value"; without the times that Wine adds."""
    key, found = "", {}
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("["):
            key = re.sub(r" \d+$", "", line)
            found[f"{name} {key}"] = ""
        elif line and not NOISE.match(line):
            value = line.split("=")[0]
            found[f"{name} {key} {value}"] = line
    return found


def make_guid():
    h = secrets.token_hex(16)
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def template():
    """The prefix that every PC is copied from; made at its first use."""
    version = subprocess.run([WINE, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    folder = cache() / f"wine-template-{version}-2"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make_template(folder)
            (folder / "made").touch()
    return folder / "prefix"


def make_template(folder):
    prefix = folder / "prefix"
    shutil.rmtree(prefix, ignore_errors=True)
    screen = Screen(folder / "xvfb.log")
    env = wine_env(prefix, screen.display)
    try:
        with open(folder / "wine.log", "ab") as log:
            def wine(*args):
                subprocess.run([WINE, *args], env=env, check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL, timeout=300)
            wine("wineboot", "-i")
            wine("winecfg", "-v", "win10")
            for key, name, kind, value in SETTINGS:
                wine("reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f")
            subprocess.run([WINESERVER, "-k"], env=env, check=False)
            subprocess.run([WINESERVER, "-w"], env=env, check=False, timeout=60)
    finally:
        screen.close()
