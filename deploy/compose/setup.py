"""setup.sh's work: .env (settings of docker-compose.yml), site/ (secrets, haproxy.cfg, program.json, program/).

No secret has a default: each is drawn at random here or given by the operator. Files with secrets are 0600 and owned by
the user that the containers run as (BEISTAND_USER): 10001 when root sets up, else whoever does.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "run"))

import edge  # noqa: E402
import keys  # noqa: E402

DEFAULT_SITE = ROOT / "deploy" / "compose" / "site"
CONTAINER_USER = 10001
EXPIRES_SOON_S = 30 * 86400
PROGRAM = "beistand-support.exe"
# Files of this tree that containers without root read: a clone under umask 077 would not let them.
MOUNTED_FILES = ("deploy/images/ready", "deploy/compose/kafka.sh", "deploy/kafka/log4j.properties", "deploy/redis/redis.conf")
# What the containers read; the CA's key is not among it.
MOUNTED_SECRETS = ("keys", "signing.pem", "server.pem")
ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?")
NAME = re.compile(r"[A-Z_]+")


class SetupError(Exception):
    """The message is for the operator."""


# ---- .env ----

def read_env(path):
    known = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        name, _, value = line.partition("=")
        if NAME.fullmatch(name):
            known[name] = value[1:-1] if value[:1] == value[-1:] == "'" else value
    return known


def write_env(path, values):
    """Values in single quotes are taken literally, except that docker-compose 1.29 fills in ${…} there too."""
    lines = ["# Made by deploy/compose/setup.sh, which keeps what you change here. May hold the mail server's password."]
    for name, value in values.items():
        if "'" in value or "\n" in value or "${" in value:
            raise SetupError(f"{name} must be one line without a single quote and ${{ (in a URL: percent-encode them)")
        lines.append(f"{name}={value}" if re.fullmatch(r"[\w.:/@-]*", value) else f"{name}='{value}'")
    keys.write_private(path, "\n".join(lines) + "\n")


def ask(question, option):
    if not sys.stdin.isatty():
        raise SetupError(f"{option} is needed")
    return input(f"{question}: ").strip()


def choose_origin(args, env):
    origin = args.origin or env.get("PUBLIC_ORIGIN") or ask("Address that people will open (https://host[:port])", "the origin")
    origin = origin.rstrip("/").lower()
    if not ORIGIN.fullmatch(origin):
        raise SetupError(f"{origin} is not https://host[:port]")
    return origin


def choose_mail(args, env, host):
    """SMTP_URL, MAIL_FROM and the profile of the sink."""
    if args.mail_sink:
        env.update(SMTP_URL="smtp://mail:2525", COMPOSE_PROFILES="trial")
    elif args.smtp:
        env.update(SMTP_URL=args.smtp)
        env.pop("COMPOSE_PROFILES", None)
    elif not env.get("SMTP_URL"):
        env["SMTP_URL"] = ask("Mail server (smtps://user:password@host:465)", "--smtp URL or --mail-sink")
    if not re.match(r"smtps?://[^/\s]+", env["SMTP_URL"]):
        raise SetupError("--smtp is smtp://[user:password@]host:port or smtps://…")
    if args.mail_from:
        env["MAIL_FROM"] = args.mail_from
    if not env.get("MAIL_FROM"):
        named = re.search(r"\.[a-z]", host)
        if not named and not args.mail_sink:
            raise SetupError("--mail-from 'Name <address>' is needed")
        env["MAIL_FROM"] = f"Beistand <support@{host if named else 'beistand.example'}>"


def choose_user(env):
    """Who the containers run as: must be able to read files of mode 0600 that this process makes."""
    wanted = env.get("BEISTAND_USER")
    own = f"{os.getuid()}:{os.getgid()}"
    if os.getuid() == 0:
        return wanted or f"{CONTAINER_USER}:{CONTAINER_USER}"
    if wanted and wanted != own:
        raise SetupError(f"the secrets belong to {wanted}: run this as that user or as root")
    return own


def version():
    """Tag of our images. A tree without history has one name."""
    result = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return result.stdout.strip() if result.returncode == 0 else "local"


# ---- secrets ----

def certificate_fits(path, host):
    is_address = host.replace(".", "").isdigit()
    told = keys.openssl("x509", "-in", path, "-noout", "-checkip" if is_address else "-checkhost", host).decode()
    lasts = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-checkend", str(EXPIRES_SOON_S)],
                           capture_output=True, check=False).returncode == 0
    return "does match" in told and lasts


def take_certificate(secrets, certificate, authority):
    """An operator's own: certificate, chain and key in one PEM file, and the CA that programs shall trust."""
    secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    if authority:
        keys.openssl("verify", "-CAfile", authority, "-untrusted", certificate, certificate)
        (secrets / "ca.pem").write_text(Path(authority).read_text())
    public = keys.openssl("x509", "-in", certificate, "-noout", "-pubkey")
    if keys.openssl("pkey", "-in", certificate, "-pubout") != public:
        raise SetupError(f"{certificate}: certificate and key do not belong together")
    keys.write_private(secrets / "server.pem", Path(certificate).read_bytes())
    (secrets / "server.crt").write_bytes(keys.openssl("x509", "-in", certificate))


def make_secrets(secrets, args, env, host):
    if args.certificate:
        if not args.ca and env.get("EDGE_CERTIFICATE") != "given":
            raise SetupError("--certificate needs --ca: the CA that the program shall trust")
        take_certificate(secrets, args.certificate, args.ca)
        env["EDGE_CERTIFICATE"] = "given"
    keys.make_all(secrets, [host])
    if certificate_fits(secrets / "server.pem", host):
        return
    if env.get("EDGE_CERTIFICATE") == "given":
        raise SetupError(f"the given certificate is not for {host} or ends within 30 days: give a new one by --certificate")
    keys.make_server_certificate(secrets, [host])


def hand_over(secrets, user):
    """Only root can give files away; anybody else owns them already."""
    if os.getuid() == 0:
        uid, gid = map(int, user.split(":"))
        for name in MOUNTED_SECRETS:
            os.chown(secrets / name, uid, gid)


# ---- the program ----

def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def docker(*args):
    result = subprocess.run(["docker", *map(str, args)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise SetupError(f"docker {args[0]} failed: {result.stdout[-3000:]}")
    return result.stdout.strip()


def build_program(target, env):
    """Cross-built in an image and taken out of it: no compiler on this machine."""
    tag = "beistand/program:build"
    base = ["--build-arg", f"BASE_IMAGE={env['BASE_IMAGE']}"] if env.get("BASE_IMAGE") else []
    docker("build", "--network", env.get("BUILD_NETWORK", "default"), *base, "-f", "deploy/images/Dockerfile", "--target",
           "program", "-t", tag, ".")
    container = docker("create", tag, "true")
    try:
        docker("cp", f"{container}:/src/build/agent/{PROGRAM}", target)
    finally:
        docker("rm", container)


def stamp_program(site, args, env):
    """site/program/ is what the install page offers; absent means that it offers nothing. Returns a remark or None.
    A stamped program is only replaced when program or program.json changed: the operator may have signed it since."""
    plain, target, memory = site / f"unstamped-{PROGRAM}", site / "program" / PROGRAM, site / "stamped.json"
    stamp = ROOT / "deploy" / "agent" / "stamp.py"
    built = Path(args.program) if args.program else ROOT / "build" / "agent" / PROGRAM
    (site / "program").mkdir(exist_ok=True)
    if args.build_program:
        build_program(plain, env)
    elif built.exists():
        plain.write_bytes(built.read_bytes())
    elif args.program:
        raise SetupError(f"{args.program} does not exist")
    if not plain.exists():
        return "There is no Windows program yet (--build-program or --program FILE): the install page offers nothing."
    if not stamp.exists():
        return "The program cannot be stamped (deploy/agent/stamp.py is missing): the install page offers nothing."
    made_of = {"program": digest(plain), "settings": digest(site / "program.json")}
    if target.exists() and memory.exists() and json.loads(memory.read_text()) == made_of:
        return None
    result = subprocess.run([sys.executable, stamp, plain, site / "program.json", target], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise SetupError(f"stamping the program: {(result.stderr or result.stdout).strip()}")
    target.chmod(0o644)
    memory.write_text(json.dumps(made_of) + "\n")
    return "The program was stamped anew: sign it now (Authenticode) if you do, in program/."


# ---- the whole ----

def shown(path):
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def make_readable(site):
    for path in [site / "haproxy.cfg", *(ROOT / name for name in MOUNTED_FILES)]:
        if path.stat().st_mode & 0o044 != 0o044:
            path.chmod(path.stat().st_mode | 0o044)
    (site / "program").chmod(0o755)


def report(site, env_path, env, remarks):
    compose = "docker compose" if env_path.parent == ROOT else f"docker compose --env-file {env_path}"
    origin, cli = env["PUBLIC_ORIGIN"], f"{compose} run --rm cli operator"
    print(f"Ready to start {origin} ({shown(env_path)}, secrets in {shown(site / 'secrets')})")
    for remark in remarks:
        print(remark)
    print(f"""
Start:
  {compose} build
  {compose} up -d
  {compose} ps                      until all are healthy

First company and its administrator (each command prints an id or a token):
  {cli} company-create --name 'Company' --contact '+49 30 123456' --plan premier --seats 20
  {cli} technician-create --company COMPANY --name 'Ada Admin' --email ada@company.example --role administrator
  then open {origin}/#/activate/ACTIVATE_TOKEN once and set the password there; an API key is made by
  {cli} key-create --company COMPANY --technician TECHNICIAN
""")
    if env.get("EDGE_CERTIFICATE") != "given":
        print(f"CA of {origin}, for browsers and API clients: {shown(site / 'secrets' / 'ca.pem')}")
    if env.get("COMPOSE_PROFILES") == "trial":
        print(f"Mail goes nowhere but into the sink: {compose} exec mail ls /mail")


def parse():
    parser = argparse.ArgumentParser(prog="setup.sh", description=__doc__.splitlines()[0])
    parser.add_argument("origin", nargs="?", help="https://host[:port] that people and programs see")
    parser.add_argument("--smtp", metavar="URL", help="mail server: smtp://[user:password@]host:port or smtps://…")
    parser.add_argument("--mail-from", metavar="'NAME <ADDRESS>'", help="sender of the mails")
    parser.add_argument("--mail-sink", action="store_true", help="no mail server: keep every mail in a volume (trials)")
    parser.add_argument("--address", help="address of this machine to listen on (default: all)")
    parser.add_argument("--certificate", metavar="PEM", help="own certificate, chain and key in one file")
    parser.add_argument("--ca", metavar="PEM", help="CA of that certificate, which the program will trust")
    program = parser.add_mutually_exclusive_group()
    program.add_argument("--program", metavar="EXE", help="the Windows program (default: what `make agent` built here)")
    program.add_argument("--build-program", action="store_true", help="build the Windows program in an image")
    parser.add_argument("--dir", type=Path, default=DEFAULT_SITE, help="where .env and secrets go instead of this tree")
    return parser.parse_args()


def setup(args):
    site = args.dir.resolve()
    env_path = (ROOT if site == DEFAULT_SITE else site) / ".env"
    env = read_env(env_path)
    origin = choose_origin(args, env)
    parts = urlsplit(origin)
    choose_mail(args, env, parts.hostname)
    user = choose_user(env)
    site.mkdir(parents=True, exist_ok=True)
    make_secrets(site / "secrets", args, env, parts.hostname)
    hand_over(site / "secrets", user)
    keys.write_program_json(site / "program.json", site / "secrets", origin)
    write_if_changed(site / "haproxy.cfg", edge.compose_config())
    env.setdefault("COMPOSE_PROJECT_NAME", "beistand")
    env.update(BEISTAND_VERSION=version(), BEISTAND_USER=user, PUBLIC_ORIGIN=origin, EDGE_PORT=str(parts.port or 443))
    env["BEISTAND_SITE"] = "./deploy/compose/site" if site == DEFAULT_SITE else str(site)
    if args.address:
        env["EDGE_ADDRESS"] = args.address
    remark = stamp_program(site, args, env)
    make_readable(site)
    write_env(env_path, env)
    report(site, env_path, env, [remark] if remark else [])


def main():
    try:
        setup(parse())
    except (SetupError, RuntimeError, OSError) as e:
        print(f"setup: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
