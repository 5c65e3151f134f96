"""docker-compose.yml and its set-up without Docker: what is promised of the file can be read from the file. Whether it
runs is `make test-compose`'s question."""
import os
import re
import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

import edge
from stack import PARTITIONS, ROOT, SERVICES, TOPICS

SETUP = ROOT / "deploy" / "compose" / "setup.sh"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
ON_DEMAND = {"cli"}
ORIGIN = "https://support.example.com:8443"
BIN = Path(os.environ.get("BEISTAND_BUILD", ROOT / "build")) / "bin"


def set_up(folder, *args):
    return subprocess.run([SETUP, *args, "--dir", folder], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, umask=0o077)


def read_env(folder):
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.replace("'", "").split("=", 1) for line in lines if not line.startswith("#"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = set_up(folder, ORIGIN, "--mail-sink")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def text():
    return (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def compose(text, site):
    """The file as compose reads it after setup.sh; a variable that is required and not in .env fails here."""
    env = read_env(site)

    def value(match):
        name, kind, rest = match.groups()
        assert env.get(name) or kind == "-", f"{name} is required and setup.sh does not write it"
        return env.get(name) or rest
    return yaml.safe_load(VARIABLE.sub(value, text))


def running(compose):
    return {name: s for name, s in compose["services"].items() if name not in ON_DEMAND}


def test_the_six_services_edge_redis_and_kafka_are_there(compose):
    """S-60"""
    always = {name for name, s in compose["services"].items() if "profiles" not in s}
    assert always == {*SERVICES, "edge", "redis", "kafka"}
    assert "name" not in compose, "docker-compose 1.29 refuses a top-level name"


def test_only_the_edge_publishes_a_port(compose):
    """S-60: Redis, Kafka and the services are reached inside only, Redis and Kafka in a network without a way out."""
    assert [name for name, s in compose["services"].items() if s.get("ports") or s.get("network_mode")] == ["edge"]
    assert len(compose["services"]["edge"]["ports"]) == 1
    for name in ("redis", "kafka"):
        assert compose["services"][name]["networks"] == ["data"]
    assert compose["networks"]["data"]["internal"] is True and "data" not in compose["services"]["edge"]["networks"]


def test_everything_has_a_health_check_and_waits_for_healthy_ones(compose):
    """S-60 S-61"""
    health = {"gateway": "9101", "invitations": "9102", "activation": "9103", "licensing": "9104", "sweeper": "9105", "relay": "9106"}
    for name, service in running(compose).items():
        assert service["healthcheck"]["test"], name
        if name in health:
            assert service["healthcheck"]["test"] == ["CMD", "ready", health[name]]
            assert service["environment"]["HEALTH_LISTEN"] == f"0.0.0.0:{health[name]}"
            assert "redis" in service["depends_on"]
        assert all(d == {"condition": "service_healthy"} for d in service.get("depends_on", {}).values()), name
    uses_bus = {name for name in SERVICES if "KAFKA_BOOTSTRAP" in compose["services"][name]["environment"]}
    assert uses_bus == {name for name in SERVICES if "kafka" in compose["services"][name]["depends_on"]}
    assert set(compose["services"]["edge"]["depends_on"]) == set(edge.COMPOSE_PORTS)


def test_everything_is_confined_and_bounded(compose):
    for name, service in compose["services"].items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"] and not service.get("privileged"), name
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
        assert service["mem_limit"] and service["pids_limit"] and service["logging"]["options"]["max-size"], name
    for name, service in running(compose).items():
        assert service["restart"] == "unless-stopped", name


def test_images_are_pinned_by_version(compose):
    kafka = (ROOT / "deploy" / "kafka" / "kafka.py").read_text()
    for name, service in compose["services"].items():
        repository, _, tag = service["image"].rpartition(":")
        assert repository and tag and tag != "latest", (name, service["image"])
        assert repository.startswith("beistand/") or re.fullmatch(r"\d+\.\d+\.\d+", tag), (name, service["image"])
    version = re.search(r'^VERSION = "(.*)"', kafka, re.M).group(1)
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{version}", "the version that the tests run"


def test_every_setting_is_one_that_its_service_knows(compose):
    """A misspelt setting would silently be the default."""
    for name in SERVICES:
        manual = subprocess.run([BIN / f"beistand-{name}", "--print-manual"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"^\| `(\w+)` \|", manual, re.M))
        required = set(re.findall(r"^\| `(\w+)` \| required", manual, re.M))
        given = set(compose["services"][name]["environment"])
        assert given <= known, (name, given - known)
        assert required <= given, (name, required - given)


def test_relays_have_different_names(compose):
    """S-60 --scale relay=N: the name comes from the container, not from the file."""
    relay = compose["services"]["relay"]
    assert "RELAY_NODE" not in relay["environment"]
    # $$ is compose's way to write $.
    assert relay["command"][-1] == "RELAY_NODE=$$HOSTNAME exec beistand-relay"
    assert not any("container_name" in s or "hostname" in s for s in compose["services"].values())


def test_kafka_makes_the_topics_of_the_stack():
    script = (ROOT / "deploy" / "compose" / "kafka.sh").read_text()
    assert re.search(r'^topics="(.*)"', script, re.M).group(1).split() == TOPICS
    assert re.search(r"^partitions=(\d+)", script, re.M).group(1) == str(PARTITIONS)


def test_redis_loses_nothing_it_acknowledged(compose):
    command = compose["services"]["redis"]["command"]
    assert command[command.index("--appendfsync") + 1] == "always" and "redis:/data" in compose["services"]["redis"]["volumes"]
    conf = (ROOT / "deploy" / "redis" / "redis.conf").read_text()
    assert "appendonly yes" in conf and "maxmemory-policy noeviction" in conf


def test_no_secret_has_a_default(text, compose, site):
    """Secrets come from files that setup.sh drew at random; the file only names them."""
    for name, secret in compose["secrets"].items():
        assert secret["file"].startswith(str(site / "secrets")), name
    for name, kind, default in VARIABLE.findall(text):
        assert not re.search(r"PASSWORD|SECRET|KEY|TOKEN|SMTP", name) or kind != "-" or not default, name
    inline = {k for s in compose["services"].values() for k in s.get("environment", {}) if re.search(r"PASSWORD|SECRET|KEY|TOKEN", k)}
    assert all(k.endswith("_FILE") for k in inline), inline


def test_two_set_ups_share_no_secret_and_a_second_run_changes_nothing(site, tmp_path):
    """Idempotent, and nothing is the same anywhere else."""
    files = {p: p.read_bytes() for p in sorted(site.rglob("*")) if p.is_file()}
    again = set_up(site)
    assert again.returncode == 0, again.stderr
    assert files == {p: p.read_bytes() for p in sorted(site.rglob("*")) if p.is_file()}
    assert set_up(tmp_path, ORIGIN, "--mail-sink").returncode == 0
    for path in (site / "secrets").iterdir():
        assert path.read_bytes() != (tmp_path / "secrets" / path.name).read_bytes(), path.name


def test_secrets_are_readable_by_the_containers_user_only(site):
    owner = int(read_env(site)["BEISTAND_USER"].split(":")[0])
    assert owner not in (0,) or os.getuid() != 0
    for path in (site / "secrets").iterdir():
        public = path.name in ("ca.pem", "server.crt")
        assert public or stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    for name in ("keys", "signing.pem", "server.pem"):
        assert (site / "secrets" / name).stat().st_uid == owner, name
    assert (site / "secrets" / "ca.key").stat().st_uid == os.getuid(), "no container reads the CA's key"
    assert stat.S_IMODE((site / ".env").stat().st_mode) == 0o600


def test_what_containers_without_root_read_is_readable_under_any_umask(compose, site):
    """set_up() runs under umask 077."""
    mounted = [v.split(":")[0] for s in compose["services"].values() for v in s.get("volumes", [])]
    for source in (ROOT / m for m in mounted if "/" in m):
        wanted = 0o755 if source.is_dir() else 0o444
        assert stat.S_IMODE(source.stat().st_mode) & wanted == wanted, source
    assert {str(site / "haproxy.cfg"), str(site / "program")} <= set(mounted)


def test_another_origin_gets_a_certificate_of_its_own_ca(tmp_path):
    assert set_up(tmp_path, "https://one.example.com", "--mail-sink").returncode == 0
    ca, one = (tmp_path / "secrets" / "ca.pem").read_bytes(), (tmp_path / "secrets" / "server.pem").read_bytes()
    assert set_up(tmp_path, "https://192.0.2.7:444").returncode == 0
    assert (tmp_path / "secrets" / "ca.pem").read_bytes() == ca and (tmp_path / "secrets" / "server.pem").read_bytes() != one
    told = subprocess.run(["openssl", "x509", "-in", tmp_path / "secrets" / "server.pem", "-noout", "-checkip", "192.0.2.7"],
                          capture_output=True, text=True, check=True).stdout
    assert "does match" in told
    assert read_env(tmp_path)["EDGE_PORT"] == "444" and "https://192.0.2.7:444" in (tmp_path / "program.json").read_text()


def test_a_given_certificate_is_kept_and_must_fit(tmp_path):
    maker, user = tmp_path / "maker", tmp_path / "user"
    assert set_up(maker, "https://help.example.com", "--mail-sink").returncode == 0
    given = ["--certificate", maker / "secrets" / "server.pem"]
    without = set_up(user, "https://help.example.com", "--mail-sink", *given)
    assert without.returncode == 1 and "--ca" in without.stderr
    done = set_up(user, "https://help.example.com", "--mail-sink", *given, "--ca", maker / "secrets" / "ca.pem")
    assert done.returncode == 0, done.stderr
    for name in ("server.pem", "ca.pem"):
        assert (user / "secrets" / name).read_bytes() == (maker / "secrets" / name).read_bytes()
    other = set_up(user, "https://other.example.com")
    assert other.returncode == 1 and "not for other.example.com" in other.stderr


def test_a_program_is_stamped_once_and_again_when_something_changed(tmp_path):
    """S-27: a signed program is kept, another origin makes it anew; without one the page has nothing to offer."""
    plain, offered = tmp_path / "plain.exe", tmp_path / "site" / "program" / "beistand-support.exe"
    subprocess.run(["/usr/bin/python3", ROOT / "deploy" / "agent" / "stamp.py", "--empty", plain], check=True)
    assert set_up(tmp_path / "site", "https://one.example.com", "--mail-sink", "--program", plain).returncode == 0
    assert b"https://one.example.com" in offered.read_bytes() and stat.S_IMODE(offered.stat().st_mode) == 0o644
    offered.write_bytes(offered.read_bytes() + b"signature")
    assert set_up(tmp_path / "site", "--program", plain).returncode == 0
    assert offered.read_bytes().endswith(b"signature")
    assert set_up(tmp_path / "site", "https://two.example.com", "--program", plain).returncode == 0
    assert b"https://two.example.com" in offered.read_bytes() and not offered.read_bytes().endswith(b"signature")
    missing = set_up(tmp_path / "site", "--program", tmp_path / "none.exe")
    assert missing.returncode == 1 and "does not exist" in missing.stderr


@pytest.mark.parametrize("args, why", [
    ([], "origin is needed"), (["http://plain.example.com", "--mail-sink"], "is not https://"),
    (["https://host/path", "--mail-sink"], "is not https://"), (["https://host.example.com"], "--smtp URL or --mail-sink"),
    (["https://host.example.com", "--smtp", "mail.example.com"], "--smtp is smtp://"),
    (["https://host.example.com", "--smtp", "smtp://a:b'c@mail"], "single quote"),
    (["https://host.example.com", "--smtp", "smtp://a:${HOME}@mail"], "percent-encode"),
    (["https://localhost", "--smtp", "smtp://mail"], "--mail-from")])
def test_set_up_says_what_is_missing(tmp_path, args, why):
    result = set_up(tmp_path, *args)
    assert result.returncode == 1 and why in result.stderr and not (tmp_path / ".env").exists()


def test_a_mail_password_is_taken_literally(tmp_path):
    url = "smtps://user:p$a#s%24%7B%40@mail.example.com:465"
    assert set_up(tmp_path, "https://host.example.com", "--smtp", url).returncode == 0
    assert f"SMTP_URL='{url}'\n" in (tmp_path / ".env").read_text()
    assert set_up(tmp_path).returncode == 0
    assert f"SMTP_URL='{url}'\n" in (tmp_path / ".env").read_text() and "COMPOSE_PROFILES" not in read_env(tmp_path)


def test_haproxy_accepts_the_configuration_that_set_up_writes(compose, site, tmp_path):
    haproxy = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert haproxy, "packages-run.txt"
    config = (site / "haproxy.cfg").read_text()
    assert not re.search(r"^[^#\n]*@[A-Z]+@", config, re.M), "a placeholder was left"
    for name, (port, health) in edge.COMPOSE_PORTS.items():
        settings = compose["services"][name]["environment"]
        assert settings[f"{name.upper()}_LISTEN"] == f"0.0.0.0:{port}" and settings["HEALTH_LISTEN"] == f"0.0.0.0:{health}"
    assert "/run/secrets/edge_certificate" in config
    local = tmp_path / "haproxy.cfg"
    local.write_text(config.replace("/run/secrets/edge_certificate", str(site / "secrets" / "server.pem")))
    checked = subprocess.run([haproxy, "-c", "-f", local], capture_output=True, text=True, check=False,
                             env={**os.environ, "EDGE_CONNECTIONS": "1000"})
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_health_check_takes_200_and_nothing_else():
    """deploy/images/ready, the one tool that the images have for it."""
    for status, expected in (("200 OK", 0), ("503 Service Unavailable", 1)):
        with socket.create_server(("127.0.0.1", 0)) as server:
            check = subprocess.Popen([ROOT / "deploy" / "images" / "ready", str(server.getsockname()[1])], stdout=subprocess.PIPE)
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
                check.communicate(timeout=10)
            assert check.returncode == expected, status
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = subprocess.run([ROOT / "deploy" / "images" / "ready", str(unused.getsockname()[1])], capture_output=True, check=False)
        assert closed.returncode != 0
