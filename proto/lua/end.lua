-- end: invited or active → ended; the leases are released here and nowhere else. Run by gateway
-- (technician, administrator), activation (customer) and licensing (expiry, revocation).
-- KEYS[1] session record. ARGV: 1 reason, 2 actor (JSON), 3 command id ('' without one), 4 '1': only when its time has come; the
-- time of a suspended company's sessions has (directory.lua); and, of whoever may end only what they see: 5 company, 6 technician
-- ('' of an administrator, whose own session ends as its technician's).
-- Returns 'ended', 'already' (it was ended before), 'early' or 'not_found'.
local record = load_hash(KEYS[1])
local sees_all = given(ARGV[6]) == nil
if not record or (given(ARGV[5]) and not (record.company == ARGV[5] and (sees_all or record.technician == ARGV[6]))) then
    return 'not_found'
end
if record.state == 'ended' then
    not_due('expire', record)
    return 'already'
end
local now = clock()
local limit = tonumber(record.state == 'active' and record.expires_at or record.invitation_expires_at)
local suspended = redis.call('HGET', key('company', record.company), 'suspended') == '1'
if ARGV[4] == '1' and now < limit and not suspended then
    due('expire', record, limit)
    return 'early'
end

local reason, actor = ARGV[1], cjson.decode(ARGV[2])
if reason == 'ended_by_admin' and actor.id == record.technician then
    reason = 'ended_by_technician'
end
if ARGV[4] == '1' and now < limit then
    reason = 'company_suspended'
end
if reason == 'session_expired' and record.state == 'invited' then
    reason = 'invitation_expired'
end
local was_active = record.state == 'active'
release(record)
not_due('expire', record)
not_due('mail', record)
if was_active then
    due('removal', record, now + tonumber(record.removal_ms or REMOVAL_MS))
end
change('session.ended', record, {
    state = 'ended', reason = reason, ended_at = text(now), removal = was_active and 'pending' or 'none',
}, {command_id = given(ARGV[3]), actor = actor, now = now})
redis.call('PUBLISH', 'beistand.ended', record.id .. ' ' .. reason)
return 'ended'
