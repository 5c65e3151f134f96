-- activate: invited → active, or counts a wrong code. Run by activation.
-- KEYS[1] session record. ARGV: 1 generation of the link, 2 verdict on the code ('right', 'wrong' or
-- 'superseded', judged with the kid and generation of ARGV[3] = 'kid:generation' of the record), 4 SHA-256
-- of the request's idempotency key, 5 machine (JSON), 6 receipt key, 7 SHA-256 of the agent token.
-- Returns {'active'|'again'|reason, attempts left, expires_at}; 'again': the record changed, judge again.
local record = load_hash(KEYS[1])
if not record then
    return {'not_found', '0', '0'}
end
local now = clock()
local left = MAX_ATTEMPTS - tonumber(record.attempts)
local cause = {actor = {type = 'program', id = record.id}, now = now}

local function answer(code)
    return {code, text(left), record.expires_at or '0'}
end

if record.state == 'active' and record.activation_key == ARGV[4] and ARGV[2] == 'right' then
    return answer('active')
end
if tonumber(ARGV[1]) < tonumber(record.generation) then
    return answer('invitation_superseded')
end
if record.state == 'ended' then
    return answer(record.reason == 'session_expired' and not record.activated_at and
        'invitation_expired' or record.reason)
end
if record.state == 'active' then
    return answer('already_activated')
end
if now >= tonumber(record.invitation_expires_at) then
    return answer('invitation_expired')
end
if left <= 0 then
    return answer('attempts_exhausted')
end
if ARGV[3] ~= record.kid .. ':' .. record.generation then
    return answer('again')
end
if ARGV[2] ~= 'right' then
    if record.attempt_key ~= ARGV[4] then
        left = left - 1
        change('invitation.attempt', record,
            {attempts = text(MAX_ATTEMPTS - left), attempt_key = ARGV[4]}, cause)
    end
    if left <= 0 then
        return answer('attempts_exhausted')
    end
    return answer(ARGV[2] == 'superseded' and 'code_superseded' or 'code_invalid')
end

local expires = now + tonumber(record.session_ms)
lease(record, expires)
due('expire', record, expires)
not_due('mail', record)
change('session.activated', record, {
    state = 'active', activated_at = text(now), expires_at = text(expires), machine = ARGV[5],
    receipt_key = ARGV[6], agent_token_hash = ARGV[7], activation_key = ARGV[4],
}, cause)
return answer('active')
