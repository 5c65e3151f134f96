"""The audit log as anybody may check it: hashes recomputed with Python's json and hashlib, never with our own code."""
import hashlib
import json
import subprocess

import requests

from processes import BIN, wait_for


def first_prev(company):
    return hashlib.sha256(b"beistand audit v1\0" + company.encode()).hexdigest()


def hash_of(record):
    bare = {k: v for k, v in record.items() if k != "hash"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((record["prev"] + text).encode()).hexdigest()


def check_chain(records, company):
    """Of records in the order of the log, from its beginning."""
    prev = first_prev(company)
    for number, record in enumerate(records, 1):
        assert record["seq"] == number and record["prev"] == prev and record["company"] == company, record
        assert record["hash"] == hash_of(record), record
        prev = record["hash"]


def export(client, gateway=0):
    """Lines of the export, parsed."""
    answer = requests.get(f"http://{client.gateways[gateway].listen}/v1/audit/export", timeout=60,
                          headers={"Authorization": f"Bearer {client.key}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson" and "attachment" in answer.headers["content-disposition"]
    return [json.loads(line) for line in answer.text.splitlines()]


def pages_of(client, limit=100):
    """The whole log as GET /v1/audit gives it (which is not noted itself): newest first."""
    seen, cursor = [], ""
    while cursor is not None:
        status, page = client.call("GET", f"/v1/audit?limit={limit}{cursor and '&cursor=' + cursor}")
        assert status == 200 and len(page["records"]) <= limit, page
        seen += page["records"]
        cursor = page["next_cursor"]
    return seen


def records_of(client):
    """The whole log, oldest first."""
    return pages_of(client)[::-1]


def wait_records(client, count, seconds=20, types=None):
    """The log's records (of these types) once there are at least so many."""
    def enough():
        found = [r for r in records_of(client) if not types or r["type"] in types]
        return found if len(found) >= count else None
    return wait_for(enough, seconds, lambda: f"records: {[(r['seq'], r['type']) for r in records_of(client)]}")


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return path


def verify(path, head=None):
    """(exit status, answer) of beistand-cli audit-verify, which gets nothing but the file."""
    argv = [BIN / "beistand-cli", "audit-verify", path, *(["--head", head] if head else [])]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=60, env={}, check=False)
    return result.returncode, json.loads(result.stdout) if result.stdout else result.stderr
