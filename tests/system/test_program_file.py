"""The Windows program as a file: what is stamped into it, and that it is one program for every customer."""
import hashlib
import json
import subprocess

import pytest

from flows import Api, new_technician
from stack import ROOT

EXE = ROOT / "build" / "agent" / "beistand-support.exe"
STAMP = ROOT / "deploy" / "agent" / "stamp.py"
PROGRAM_MAX = 3 << 20
needs_exe = pytest.mark.skipif(not EXE.exists(), reason="the Windows program is not built (make agent)")


def stamp(*args):
    return subprocess.run(["/usr/bin/python3", STAMP, *args], capture_output=True, text=True, check=False)


@needs_exe
def test_stamping_writes_the_configuration_and_nothing_else(tmp_path):
    """DESIGN 4: a fixed-size resource, before signing; what follows it stays where it is."""
    config = tmp_path / "program.json"
    config.write_text(json.dumps({"origin": "https://support.example", "ca_pem": "PEM", "offer_keys": ["k"]}))
    out = tmp_path / "stamped.exe"
    assert stamp(EXE, config, out).returncode == 0
    built, stamped = EXE.read_bytes(), out.read_bytes()
    assert len(built) == len(stamped) <= PROGRAM_MAX
    at = stamped.index(config.read_bytes())
    changed = [i for i, (a, b) in enumerate(zip(built, stamped)) if a != b]
    assert at - 4 <= min(changed) and max(changed) < at + len(config.read_bytes())
    again = tmp_path / "again.exe"
    assert stamp(out, config, again).returncode == 0 and again.read_bytes() == stamped


@needs_exe
def test_a_configuration_that_does_not_fit_is_refused(tmp_path):
    config = tmp_path / "program.json"
    config.write_text(json.dumps({"origin": "x" * 30000}))
    result = stamp(EXE, config, tmp_path / "out.exe")
    assert result.returncode == 1 and "there is room for" in result.stderr and not (tmp_path / "out.exe").exists()


def test_a_foreign_file_is_not_stamped(tmp_path):
    config = tmp_path / "program.json"
    config.write_text("{}")
    result = stamp(STAMP, config, tmp_path / "out.exe")
    assert result.returncode == 1 and "no Beistand program" in result.stderr


@needs_exe
def test_every_customer_gets_the_same_bytes(make_stack):
    """S-3 S-5: links of two sessions serve one file; fetching consumes nothing."""
    import requests
    stack = make_stack()
    digests = set()
    for _ in range(2):
        tina = new_technician(stack)
        made = tina.create()[1]
        url = made["install_url"].split("#")[0] + "/download"
        for _ in range(3):
            answer = requests.get(url, verify=tina.ca, timeout=10)
            assert answer.headers["Content-Disposition"] == "attachment"
            digests.add(hashlib.sha256(answer.content).hexdigest())
        assert isinstance(tina, Api) and tina.session(made["id"])["status"] == "invited"
    assert digests == {hashlib.sha256((stack.root / "program" / "beistand-support.exe").read_bytes()).hexdigest()}


@needs_exe
def test_the_loader_takes_libraries_from_the_systems_folder_only():
    """A DLL planted in the download folder is not loaded: DependentLoadFlags of the load configuration (PE format)."""
    data = EXE.read_bytes()
    pe = int.from_bytes(data[0x3C:0x40], "little")
    entry = pe + 24 + 112 + 8 * 10
    rva, size = int.from_bytes(data[entry:entry + 4], "little"), int.from_bytes(data[entry + 4:entry + 8], "little")
    head = pe + 24 + int.from_bytes(data[pe + 20:pe + 22], "little")
    for i in range(int.from_bytes(data[pe + 6:pe + 8], "little")):
        start, n, offset = (int.from_bytes(data[head + 40 * i + k:head + 40 * i + k + 4], "little") for k in (12, 16, 20))
        if start <= rva < start + n:
            at = offset + rva - start
    assert size == 112 == int.from_bytes(data[at:at + 4], "little")
    assert int.from_bytes(data[at + 78:at + 80], "little") == 0x800
