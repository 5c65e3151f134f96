-- create: – → invited, or a refusal. Run by licensing on session.create.
-- KEYS[1] session record. ARGV[1] the command (JSON: id, session, company, actor, deadline, args{technician,
-- customer_email, customer_name, language, note, send_email, session_ms, invitation_ms, removal_ms,
-- idempotency (SHA-256), digest}); ARGV[2] link token; ARGV[3] kid; ARGV[4] the plan table (JSON).
-- Returns 'created', 'repeated' or the reason of the refusal. Every outcome is journaled.
local command = cjson.decode(ARGV[1])
local args = command.args
local now = clock()
local cause = {command_id = command.id, actor = command.actor, now = now}
local idempotency = key('idempotency', command.company, args.idempotency)
local remembered = load_hash(idempotency) or {}

local function refuse(reason, extra)
    local stub = {id = command.session, company = command.company}
    for name, value in pairs(extra or {}) do
        stub[name] = value
    end
    local fields = {digest = remembered.digest or args.digest}
    if not remembered.session then
        fields.command_id, fields.reason = command.id, reason
        cause.idempotency = {owner = command.company, key = args.idempotency, fields = fields}
    end
    redis.call('HSET', idempotency, unpack(flat(fields)))
    redis.call('PEXPIRE', idempotency, IDEMPOTENCY_MS)
    emit('session.refused', stub, cause, reason)
    return reason
end

if remembered.digest and remembered.digest ~= args.digest then
    return refuse('idempotency_conflict')
end
if remembered.session then
    local record = load_hash(key('session', remembered.session))
    if record then
        emit('session.repeated', record, cause)
        return 'repeated'
    end
end
if remembered.reason and remembered.command_id == command.id then
    return refuse(remembered.reason)
end
if now > command.deadline then
    return refuse('unavailable')
end

local company = load_hash(key('company', command.company))
local technician = load_hash(key('technician', args.technician))
if not company or not technician or technician.company ~= command.company then
    return refuse('not_found')
end
if company.suspended == '1' then
    return refuse('company_suspended')
end
local plan = cjson.decode(ARGV[4])[company.plan]
if not plan or not plan.adhoc then
    return refuse('plan_excludes_adhoc')
end
if technician.disabled == '1' or
    not string.find(',' .. (technician.permissions or '') .. ',', ',adhoc_support,', 1, true) then
    return refuse('permission_missing')
end
local mine = key('leases', 'technician', args.technician)
if redis.call('ZCARD', mine) >= limit_of(company, plan, 'limit_technician') then
    return refuse('technician_limit', open_session(args.technician))
end
if redis.call('ZCARD', key('leases', 'company', command.company)) >= limit_of(company, plan, 'limit_company') then
    return refuse('company_limit')
end
if free_seats(company, command.company) < 1 then
    return refuse('no_licence')
end

local expires = now + args.invitation_ms
local record = {
    id = command.session, company = command.company, technician = args.technician,
}
lease(record, expires)
due('expire', record, expires)
redis.call('ZADD', key('company-sessions', command.company), text(now), command.session)
redis.call('SET', key('link', ARGV[2]), command.session .. ':1', 'PX', text(args.invitation_ms + REMOVAL_MS))
local fields = {
    id = command.session, company = command.company, technician = args.technician,
    technician_name = technician.name, company_name = company.name,
    company_contact = company.contact or '', state = 'invited', paired = '0', kid = ARGV[3],
    generation = '1', attempts = '0', customer_email = args.customer_email or '',
    customer_name = args.customer_name or '', language = args.language or 'en',
    note = args.note or '', send_email = args.send_email and '1' or '0',
    mail_state = args.send_email and 'queued' or 'none', mail_tries = '0', created_at = text(now),
    invitation_expires_at = text(expires), session_ms = text(args.session_ms),
    invitation_ms = text(args.invitation_ms), removal_ms = text(args.removal_ms or REMOVAL_MS), checks = '{}', removal = 'none',
    command_id = command.id,
}
if args.send_email then
    -- The journal's event sends the mail at once; this is the net below it.
    due('mail', record, now + 30000)
end
local remembers = {digest = args.digest, session = command.session, command_id = command.id}
cause.idempotency = {owner = command.company, key = args.idempotency, fields = remembers}
remembers.outbox = change('session.created', record, fields, cause)
redis.call('DEL', idempotency)
redis.call('HSET', idempotency, unpack(flat(remembers)))
redis.call('PEXPIRE', idempotency, IDEMPOTENCY_MS)
return 'created'
