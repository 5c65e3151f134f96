"""What must hold after every fault (DESIGN 2): read straight from Redis."""
import json


def check_invariants(processes):
    r = processes.redis
    for key in r.scan_iter("*:leases:company:*", count=1000):
        tag, cid = key.split(":")[0], key.split(":")[3]
        leases = set(r.zrange(key, 0, -1))
        limit = int(r.hget(f"{tag}:company:{cid}", "limit_company") or 5)
        assert len(leases) <= limit, f"{key}: {len(leases)} open, limit {limit}"
        for sid in leases:
            assert r.hget(f"{tag}:session:{sid}", "state") in ("invited", "active"), f"{sid}: lease without an open session"
    for key in r.scan_iter("*:session:*", count=1000):
        tag, sid = key.split(":")[0], key.split(":")[2]
        record = r.hgetall(key)
        held = [r.zscore(f"{tag}:leases:{kind}:{record[kind]}", sid) is not None for kind in ("company", "technician")]
        is_open = record["state"] in ("invited", "active")
        assert held == [is_open, is_open], f"{sid}: state {record['state']} but leases {held}"
        assert int(record["attempts"]) <= 5, f"{sid}: {record['attempts']} wrong codes"
        assert (r.zscore(f"{tag}:due", f"expire:{sid}") is not None) == is_open, f"{sid}: open without a due time"
    for key in r.scan_iter("*:computers:*", count=1000):
        tag, cid = key.split(":")[0], key.split(":")[2]
        for member in r.zrange(key, 0, -1):
            group, name, computer = member.split("\x1f")
            record = r.hgetall(f"{tag}:computer:{computer}")
            assert record["company"] == cid and (ascii_lower(record["group"]), ascii_lower(record["name"])) == (group, name)
    for key in r.scan_iter("*:computer:*", count=1000):
        record = r.hgetall(key)
        members = r.zrange(f"{key.split(':')[0]}:computers:{record['company']}", 0, -1)
        assert sum(m.endswith(f"\x1f{record['id']}") for m in members) == 1, f"{key}: not one seat"


def ascii_lower(text):
    return "".join(c.lower() if c.isascii() else c for c in text)
