-- note: something happened that is no transition; it goes to the audit log and to webhooks. Run by gateway and relay.
-- KEYS[1] {sNN}:company:{cid}. ARGV[1] JSON {type (audit.…), company, actor, session?, computer?, reason?, details?}.
-- Returns the outbox id.
local note = cjson.decode(ARGV[1])
return append({
    type = note.type, session = note.session, computer = note.computer, company = note.company, bucket = bucket,
    epoch = tonumber(redis.call('GET', key('epoch')) or '1'), time = clock(), actor = note.actor,
    reason = note.reason, details = note.details,
})
