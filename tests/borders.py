#!/usr/bin/python3
"""The borders of the house (STYLE 2, 8, 14) as a script: who may include whom, who may speak to Redis and
Kafka, which calls are banned, how large files and functions may grow. Prints each violation; exit 1 on any.

Each check is a function that yields "file:line: what is wrong"; its first docstring line is its name.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ["gateway", "invitations", "activation", "licensing", "sweeper", "relay"]
SKIPPED = {"build", "var", "node_modules", "dist", "__pycache__", ".git", ".pytest_cache", "target"}
FILE_LINES_MAX, FUNCTION_LINES_MAX = 700, 80
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|strtok|system|popen|alloca|tmpnam|mktemp)\s*\(")
SLEEPS = re.compile(r"(?<![\w.>])(sleep|usleep|nanosleep|clock_nanosleep|poll|select)\s*\(")
TOPIC = re.compile(r'"beistand\.(commands|journal|mail|presence|dead-letter|directory)"')
# How store.c and the scripts name a key's kind, and a channel.
C_KIND = re.compile(r'\b(?:bucket_key|secret_key|key|store_credential)\([^;"]*"([a-z-]+(?::[a-z-]+)?)"')
LUA_KIND = re.compile(r"\b(?:key|index)\('([a-z-]+)'(?:, '([a-z-]+)')?")
CLI_KIND = re.compile(r"\{s%02l?d\}:([a-z-]+)")
OWNED_KIND = re.compile(r"^\| `\{sNN\}:([a-z:-]+?)(?::?\{|`)", re.M)
CHANNEL = re.compile(r"""["'](beistand\.[a-z]+)["']""")
REDIS_CALL = re.compile(r"\bredis(?:_(?:command|send|call|eval|script|run|subscribe|publish)\w*|Command\w*|AsyncCommand\w*)\s*\(")


def files(*suffixes, under="."):
    for path in sorted((ROOT / under).rglob("*")):
        if path.suffix in suffixes and path.is_file() and not SKIPPED & set(path.relative_to(ROOT).parts):
            yield path


def lines(path):
    return enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)


def place(path, number):
    return f"{path.relative_to(ROOT)}:{number}"


def code_lines(path):
    """Lines without comments and string contents (good enough for our own style)."""
    inside = False
    for number, line in lines(path):
        if inside:
            inside = "*/" not in line
            continue
        line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        line = re.sub(r"/\*.*?\*/", "", line).split("//")[0]
        if "/*" in line:
            line, inside = line.split("/*")[0], True
        yield number, line


def includes(under):
    for path in files(".c", ".h", under=under):
        for number, line in lines(path):
            match = INCLUDE.match(line)
            if match:
                yield path, number, match.group(1)


def check_proto_depends_on_nothing():
    """proto depends on nothing of the house"""
    for path, number, name in includes("proto"):
        if name.startswith(("services/", "agent/", "common/")):
            yield f"{place(path, number)}: includes {name}"


def check_common_knows_no_room():
    """services/common knows no room and no domain noun"""
    for path, number, name in includes("services/common"):
        # The catalogue of reasons is every service's way to say no (problem+json); other data is the rooms'.
        generated = name.startswith("generated/") and name != "generated/reasons.h"
        if generated or name.startswith("agent/") or name.split("/")[0] in SERVICES:
            yield f"{place(path, number)}: includes {name}"


def check_rooms_do_not_include_each_other():
    """services never include each other"""
    for service in SERVICES:
        for path, number, name in includes(f"services/{service}"):
            other = name.removeprefix("services/").removeprefix("../").split("/")[0]
            if name.startswith("agent/") or ("/" in name and other in SERVICES and other != service):
                yield f"{place(path, number)}: includes {name}"


def check_core_is_portable():
    """agent/core knows no Windows, no services, no sockets"""
    foreign = ("windows.h", "winsock2.h", "windef.h", "sys/epoll.h", "sys/socket.h", "agent/win/", "agent/sim/",
               "services/", "common/")
    for path, number, name in includes("agent/core"):
        if name.lower().startswith(foreign):
            yield f"{place(path, number)}: includes {name}"


def check_only_stores_speak_redis():
    """only store.c (and store_*.c) speaks Redis"""
    for service in SERVICES:
        for path in files(".c", under=f"services/{service}"):
            if path.name == "store.c" or path.name.startswith("store_"):
                continue
            for number, line in code_lines(path):
                if REDIS_CALL.search(line) or "hiredis/" in line:
                    yield f"{place(path, number)}: {line.strip()}"


def check_only_buses_name_topics():
    """only bus.c names topics"""
    for service in SERVICES:
        for path in files(".c", ".h", under=f"services/{service}"):
            for number, line in lines(path):
                if path.name != "bus.c" and TOPIC.search(line):
                    yield f"{place(path, number)}: {line.strip()}"


def check_owners_know_every_key():
    """every Redis key and channel of the code is in OWNERS.md, and no other"""
    text = (ROOT / "proto" / "OWNERS.md").read_text(encoding="utf-8")
    owned, seen = {kind.rstrip(":") for kind in OWNED_KIND.findall(text)}, set()
    sources = [*((p, C_KIND) for p in files(".c", under="services") if p.name == "auth.c" or p.name.startswith("store")),
               *((p, LUA_KIND) for p in files(".lua", under="proto")), *((p, CLI_KIND) for p in files(".c", under="services/cli"))]
    for path, pattern in sources:
        for number, line in lines(path):
            for found in pattern.findall(line):
                kind = found if isinstance(found, str) else ":".join(filter(None, found))
                seen.add(kind)
                if kind not in owned:
                    yield f"{place(path, number)}: key {kind}"
            for channel in CHANNEL.findall(line) if path.parent.name != "cli" else []:
                if f"`{channel}` payload" not in text:
                    yield f"{place(path, number)}: channel {channel}"
    for kind in sorted(owned - seen):
        yield f"proto/OWNERS.md: nothing uses {kind}"


def check_banned_calls():
    """calls without a stated bound are banned"""
    for path in files(".c", ".h"):
        for number, line in code_lines(path):
            match = BANNED.search(line)
            if match:
                yield f"{place(path, number)}: {match.group(1)}()"


def check_services_wait_only_in_epoll():
    """services wait in their loop and nowhere else"""
    for path in files(".c", under="services"):
        if path.parent.name == "cli":
            continue
        for number, line in code_lines(path):
            match = SLEEPS.search(line)
            if match:
                yield f"{place(path, number)}: {match.group(1)}()"


def check_services_write_json_themselves():
    """services write JSON by json_compact: json_dumps() gives memory of the pool, which free() must not see"""
    for path in files(".c", under="services"):
        if path.parent.name == "cli":
            continue
        for number, line in code_lines(path):
            if re.search(r"\bjson_dumps\s*\(", line):
                yield f"{place(path, number)}: json_dumps()"


def check_sizes_of_files():
    """files stay below 700 lines"""
    for path in files(".c", ".h", ".py", ".ts", ".tsx", ".lua", ".mjs"):
        count = sum(1 for _ in lines(path))
        if count >= FILE_LINES_MAX:
            yield f"{path.relative_to(ROOT)}: {count} lines"


def check_sizes_of_functions():
    """C functions stay below 80 lines"""
    for path in files(".c"):
        start, previous = 0, ""
        for number, line in lines(path):
            if line == "{" and previous.rstrip().endswith(")"):
                start = number
            elif line == "}" and start:
                if number - start >= FUNCTION_LINES_MAX:
                    yield f"{place(path, start)}: function of {number - start} lines"
                start = 0
            previous = line


def check_rooms_have_the_same_shape():
    """every service room has its README and main.c"""
    for service in SERVICES:
        for name in ("README.md", "main.c"):
            if not (ROOT / "services" / service / name).exists():
                yield f"services/{service}/{name} is missing"


def check_no_machine_in_the_tree():
    """no path of a machine and no registry host in any file"""
    # Put together here, so that this file does not contain them.
    wrong = ["/" + "work/", "/" + "farm/", "." + "library", "registry." + "npmjs", "deb." + "debian.org",
             "repo1." + "maven", "repo." + "maven", "pypi." + "org", "files." + "pythonhosted"]
    for path in sorted(ROOT.rglob("*")):
        if not path.is_file() or SKIPPED & set(path.relative_to(ROOT).parts) or path.stat().st_size > 1 << 20:
            continue
        text = path.read_bytes()
        if b"\0" in text[:1024]:
            continue
        for number, line in enumerate(text.decode(errors="replace").splitlines(), 1):
            # A path begins there: $root/…/ of a script is none.
            match = re.search(r"(?<![\w})])(" + "|".join(map(re.escape, wrong)) + ")", line)
            if match:
                yield f"{place(path, number)}: {match.group(1)}"


def checks():
    """(name, function) of each check."""
    return [(f.__doc__.splitlines()[0], f) for name, f in sorted(globals().items()) if name.startswith("check_")]


def main():
    bad = 0
    for name, check in checks():
        violations = list(check())
        print(f"{'not ok' if violations else 'ok'} - {name}")
        for violation in violations[:20]:
            print(f"    {violation}")
        if len(violations) > 20:
            print(f"    … and {len(violations) - 20} more")
        bad += bool(violations)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
