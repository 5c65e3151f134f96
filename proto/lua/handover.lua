-- handover: an open session gets another technician of the same company (S-29); nothing else about it changes. Run by
-- gateway (administrators).
-- KEYS[1] session record. ARGV: 1 the colleague's id, 2 actor (JSON), 3 command id, 4 the plan table (JSON).
-- Returns JSON {outcome} with 'handed_over', 'already' (it is theirs), or a reason: 'not_found' (session or colleague),
-- 'wrong_state' (ended), 'permission_missing' (the colleague may not have sessions), 'technician_limit' {open_session}.
local record = load_hash(KEYS[1])
local now = clock()

local function answer(outcome, extra)
    extra = extra or {}
    extra.outcome = outcome
    return cjson.encode(extra)
end

if not record then
    return answer('not_found')
end
local colleague = load_hash(key('technician', ARGV[1]))
if not colleague or colleague.company ~= record.company then
    return answer('not_found')
end
if record.state == 'ended' then
    return answer('wrong_state')
end
if record.technician == ARGV[1] then
    return answer('already')
end
if colleague.disabled == '1' or
    not string.find(',' .. (colleague.permissions or '') .. ',', ',adhoc_support,', 1, true) then
    return answer('permission_missing')
end
local company = load_hash(key('company', record.company)) or {}
local plan = cjson.decode(ARGV[4])[company.plan] or {limit_technician = 1}
local theirs = key('leases', 'technician', ARGV[1])
if redis.call('ZCARD', theirs) >= limit_of(company, plan, 'limit_technician') then
    return answer('technician_limit', open_session(ARGV[1]))
end

-- The company's lease stays as it is; the technician's moves with the time it has.
local until_ms = record.state == 'active' and record.expires_at or record.invitation_expires_at
redis.call('ZREM', key('leases', 'technician', record.technician), record.id)
redis.call('ZADD', theirs, until_ms, record.id)
local from = record.technician
change('session.handed_over', record, {
    technician = ARGV[1], technician_name = colleague.name or '', handed_from = from, handed_at = text(now),
}, {command_id = ARGV[3], actor = cjson.decode(ARGV[2]), now = now})
redis.call('PUBLISH', 'beistand.handed', record.id .. ' ' .. ARGV[1])
return answer('handed_over')
