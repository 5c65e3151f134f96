-- sign_in: sign-ins of people. Run by gateway.
-- KEYS[1] {sNN}:technician:{tid}. ARGV[1] JSON: verb; technician; company; actor; and
--   start: id, digest (SHA-256 of the cookie), csrf, method, address, agent, ms (its life), password_at (of the password
--          that was checked), step (of the second factor's code), recovered (a recovery code was used up)
--   end:   id
--   refused: reason, method
-- Returns 'started' or a reason; 'ended' or 'not_found'; 'noted'.
local wish = cjson.decode(ARGV[1])
local now = clock()
local SIGN_INS_MAX = 50
local index = key('technician-sign-ins', wish.technician)

local function note(kind, details)
    append({
        type = kind, company = wish.company, bucket = bucket, epoch = tonumber(redis.call('GET', key('epoch')) or '1'),
        actor = wish.actor, time = now, reason = details.reason, method = details.method, agent = details.agent,
        id = details.id,
    })
end

local function refused(record, company)
    if not record or record.company ~= wish.company or record.disabled == '1' then
        return 'unauthenticated'
    end
    if not company or company.suspended == '1' then
        return 'company_suspended'
    end
    if wish.method == 'oidc' then
        return nil
    end
    -- The password was changed, or the second factor switched on, while this one was being checked.
    if (record.password_at or '') ~= wish.password_at then
        return 'unauthenticated'
    end
    if record.totp and not wish.step and not wish.recovered then
        return 'second_factor_required'
    end
    -- Each step's code is good for one sign-in.
    if wish.step and tonumber(redis.call('GET', key('totp-used', wish.technician)) or '0') >= wish.step then
        return 'second_factor_required'
    end
end

local function forget_oldest()
    redis.call('ZREMRANGEBYSCORE', index, '-inf', text(now))
    local extra = redis.call('ZCARD', index) - SIGN_INS_MAX
    for _, member in ipairs(extra > 0 and redis.call('ZRANGE', index, 0, extra - 1) or {}) do
        local id, digest = string.match(member, '^(%w+):(%w+)$')
        redis.call('DEL', key('cookie', digest), key('sign-in', id))
        redis.call('ZREM', index, member)
        redis.call('PUBLISH', 'beistand.revoked', id)
    end
end

local function start()
    local reason = refused(load_hash(KEYS[1]), load_hash(key('company', wish.company)))
    if reason then
        return reason
    end
    if wish.step then
        redis.call('SET', key('totp-used', wish.technician), text(wish.step), 'PX', 300000)
    end
    local cookie = key('cookie', wish.digest)
    redis.call('HSET', cookie, 'id', wish.id, 'company', wish.company, 'technician', wish.technician, 'csrf', wish.csrf,
        'created_at', text(now), 'address', wish.address, 'agent', wish.agent, 'method', wish.method)
    redis.call('PEXPIRE', cookie, text(wish.ms))
    redis.call('SET', key('sign-in', wish.id), wish.digest, 'PX', text(wish.ms))
    redis.call('ZADD', index, text(now + wish.ms), wish.id .. ':' .. wish.digest)
    redis.call('PEXPIRE', index, text(wish.ms))
    forget_oldest()
    note('audit.signed_in', wish)
    return 'started'
end

local function finish()
    local digest = redis.call('GET', key('sign-in', wish.id))
    if not digest or redis.call('ZREM', index, wish.id .. ':' .. digest) == 0 then
        return 'not_found'
    end
    redis.call('DEL', key('cookie', digest), key('sign-in', wish.id))
    redis.call('PUBLISH', 'beistand.revoked', wish.id)
    note('audit.signed_out', wish)
    return 'ended'
end

if wish.verb == 'start' then
    return start()
elseif wish.verb == 'end' then
    return finish()
end
note('audit.sign_in_refused', wish)
return 'noted'
