"""What must hold after every fault (DESIGN 2): read straight from Redis, and from the journal as Kafka has it."""
MAX_ATTEMPTS = 5
LIMIT = 5
ORDER = {"invited": 0, "active": 1, "ended": 2}


def check_invariants(processes):
    check_state(processes.redis)


def sessions(r):
    """(tag, sid, record) of every session."""
    for key in r.scan_iter("*:session:*", count=1000):
        tag, _, sid = key.split(":")
        yield tag, sid, r.hgetall(key)


def check_state(r):
    """open <= limit; leases = open sessions; wrong codes <= 5; what is open has a due time, what has ended has none."""
    for key in r.scan_iter("*:leases:*", count=1000):
        tag, _, kind, owner = key.split(":")
        company = owner if kind == "company" else r.hget(f"{tag}:technician:{owner}", "company")
        limit = int(r.hget(f"{tag}:company:{company}", f"limit_{kind}") or (LIMIT if kind == "company" else 1))
        leases = r.zrange(key, 0, -1)
        assert len(leases) <= limit, f"{key}: {len(leases)} open, limit {limit}"
        for sid in leases:
            assert r.hget(f"{tag}:session:{sid}", "state") in ("invited", "active"), f"{sid}: lease without an open session"
    for tag, sid, record in sessions(r):
        check_record(r, tag, sid, record)
    check_computers(r)


def check_computers(r):
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


def check_record(r, tag, sid, record):
    held = [r.zscore(f"{tag}:leases:{kind}:{record[kind]}", sid) for kind in ("company", "technician")]
    due = {what: r.zscore(f"{tag}:due", f"{what}:{sid}") is not None for what in ("expire", "mail", "removal")}
    is_open, was_active = record["state"] in ("invited", "active"), "activated_at" in record
    assert [h is not None for h in held] == [is_open, is_open], f"{sid}: state {record['state']} but leases {held}"
    assert held[0] == held[1], f"{sid}: leases end at different times"
    assert int(record["attempts"]) <= MAX_ATTEMPTS, f"{sid}: {record['attempts']} wrong codes"
    assert due["expire"] == is_open, f"{sid}: {record['state']}, due {due}"
    assert not due["mail"] or (record["state"] == "invited" and record["mail_state"] in ("queued", "mail_delayed")), (sid, due)
    assert due["removal"] == (not is_open and was_active and record["removal"] == "pending"), (sid, record["removal"], due)
    assert is_open == ("ended_at" not in record) == ("reason" not in record), f"{sid}: {record}"
    assert (record["state"] != "active") or was_active, sid
    assert record["removal"] == "none" or (not is_open and was_active), sid


PRESENCE = {"last_online", "last_state", "told"}


def outboxes_empty(r):
    return not any(r.xlen(key) for key in r.scan_iter("*:outbox", count=1000))


def check_journal(r, events, acked=(), complete=True):
    """events: (partition, offset, event) as Kafka has them. Versions grow without a gap, ended is terminal, the highest
    version is what Redis has; acked: (sid, state) that somebody was told. complete: the broker lost nothing, so every
    session's every version must be there."""
    journal = {}
    for partition, _, event in sorted(events, key=lambda e: e[:2]):
        # Refusals, repetitions, notes, and what is no session's: they have no state of one.
        if event["type"] in ("session.refused", "session.repeated") or "session" not in event or "record" not in event:
            continue
        seen = journal.setdefault(event["session"], {})
        version = (event["epoch"], event["version"])
        highest = max(seen)[1] if seen else 0
        assert not complete or version in seen or version[1] == highest + 1, \
            f"{event['session']}: version {version[1]} after {highest} in partition {partition}"
        known = seen.get(version, event["record"])
        assert without(known, PRESENCE) == without(event["record"], PRESENCE), f"{event['session']}: two events of version {version}"
        seen[version] = event["record"]
    for sid, versions in journal.items():
        check_story(sid, [versions[v] for v in sorted(versions)])
    for _, sid, record in sessions(r):
        if complete:
            assert sid in journal, f"{sid} is not in the journal"
            last = journal[sid][max(journal[sid])]
            # Presence is not journaled: what it writes is only as old as the last transition.
            differs = {k: (last.get(k), record.get(k)) for k in {*last, *record} - PRESENCE if last.get(k) != record.get(k)}
            assert not differs, f"{sid}: the journal's last state differs from Redis: {differs}"
    for sid, state in acked:
        records = journal.get(sid, {}).values()
        assert not complete or any(record["state"] == state for record in records), f"{sid}: {state} was told and not journaled"


def without(record, names):
    return {name: value for name, value in record.items() if name not in names}


def check_story(sid, records):
    """The states of one session in the order of their versions."""
    for before, after in zip(records, records[1:]):
        assert ORDER[before["state"]] <= ORDER[after["state"]], f"{sid}: {before['state']} → {after['state']}"
        assert int(before["generation"]) <= int(after["generation"]), sid
        if before["state"] == "ended":
            assert (before["reason"], before["ended_at"]) == (after["reason"], after["ended_at"]), f"{sid}: ended is terminal"
        if before["state"] == "active":
            assert before["agent_token_hash"] == after["agent_token_hash"], f"{sid}: activated twice"
    assert all(int(record["attempts"]) <= MAX_ATTEMPTS for record in records), sid
