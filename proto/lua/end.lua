-- end: invited or active → ended; the leases are released here and nowhere else. Run by gateway
-- (technician, administrator), activation (customer) and licensing (expiry, revocation).
-- KEYS[1] session record. ARGV: 1 reason, 2 actor (JSON), 3 command id ('' without one), 4 '1': only when its time has come.
-- Returns 'ended', 'already' (it was ended before), 'early' or 'not_found'.
local record = load_hash(KEYS[1])
if not record then
    return 'not_found'
end
if record.state == 'ended' then
    not_due('expire', record)
    return 'already'
end
local now = clock()
local limit = tonumber(record.state == 'active' and record.expires_at or record.invitation_expires_at)
if ARGV[4] == '1' and now < limit then
    due('expire', record, limit)
    return 'early'
end

local reason = ARGV[1]
if reason == 'session_expired' and record.state == 'invited' then
    reason = 'invitation_expired'
end
local was_active = record.state == 'active'
release(record)
not_due('expire', record)
not_due('mail', record)
if was_active then
    due('removal', record, now + REMOVAL_MS)
end
change('session.ended', record, {
    state = 'ended', reason = reason, ended_at = text(now), removal = was_active and 'pending' or 'none',
}, {command_id = given(ARGV[3]), actor = cjson.decode(ARGV[2]), now = now})
redis.call('PUBLISH', 'beistand.ended', record.id .. ' ' .. reason)
return 'ended'
