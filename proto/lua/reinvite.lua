-- reinvite: invited → invited with the next generation: a new link, a new code, no tries used. Run by
-- licensing on session.reinvite.
-- KEYS[1] session record. ARGV[1] the command (as for create; args{technician, administrator, idempotency,
-- digest}); ARGV[2] link token of the generation ARGV[3]; ARGV[4] kid.
-- Returns 'reinvited', 'repeated', 'generation' (ARGV[3] is not the next one: read again) or a refusal.
local command = cjson.decode(ARGV[1])
local args = command.args
local now = clock()
local cause = {command_id = command.id, actor = command.actor, now = now}
local record = load_hash(KEYS[1])
local idempotency = key('idempotency', command.company, args.idempotency)
local remembered = load_hash(idempotency) or {}

local function refuse(reason)
    emit('session.refused', record or {id = command.session, company = command.company}, cause, reason)
    return reason
end

if not record or record.company ~= command.company then
    record = nil
    return refuse('not_found')
end
if remembered.digest and remembered.digest ~= args.digest then
    return refuse('idempotency_conflict')
end
if remembered.generation == record.generation then
    emit('session.repeated', record, cause)
    return 'repeated'
end
if now > command.deadline then
    return refuse('unavailable')
end
if record.technician ~= args.technician and not args.administrator then
    return refuse('permission_missing')
end
if record.state ~= 'invited' or remembered.generation then
    return refuse('wrong_state')
end
if tonumber(ARGV[3]) ~= tonumber(record.generation) + 1 then
    return 'generation'
end

local expires = now + tonumber(record.invitation_ms)
lease(record, expires)
due('expire', record, expires)
redis.call('SET', key('link', ARGV[2]), record.id .. ':' .. ARGV[3], 'PX',
    text(tonumber(record.invitation_ms) + REMOVAL_MS))
if record.send_email == '1' then
    due('mail', record, now + 30000)
end
local remembers = {digest = args.digest, generation = ARGV[3], command_id = command.id}
cause.idempotency = {owner = command.company, key = args.idempotency, fields = remembers}
change('session.reinvited', record, {
    generation = ARGV[3], kid = ARGV[4], attempts = '0', invitation_expires_at = text(expires),
    mail_state = record.send_email == '1' and 'queued' or 'none', mail_tries = '0', mail_sent_at = '', mail_retry_at = '',
    checks = '{}', check_times = '{}', setup_reason = '', setup_detail = '', code_reason = '', attempt_key = '',
}, cause)
redis.call('HSET', idempotency, unpack(flat(remembers)))
redis.call('PEXPIRE', idempotency, IDEMPOTENCY_MS)
return 'reinvited'
