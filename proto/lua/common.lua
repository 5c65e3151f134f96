-- Put before every transition by proto/generate.py. KEYS[1] is always the session record, whose hash tag
-- names the bucket; every other key is made from that tag, so a bucket can live on any Redis server.
-- Redis never rolls a script back: each transition checks everything first and writes at the end.
local tag = string.match(KEYS[1], '^(%b{})')
local bucket = tonumber(string.sub(tag, 3, 4))
local MAX_ATTEMPTS = 5
local REMOVAL_MS = 24 * 3600 * 1000
local IDEMPOTENCY_MS = 24 * 3600 * 1000
local FEED_MAX = 1000
local FEED_MS = 24 * 3600 * 1000

local function key(...)
    return tag .. ':' .. table.concat({...}, ':')
end

-- Milliseconds since the epoch; never less than the highest this bucket has seen.
local function clock()
    local t = redis.call('TIME')
    local ms = t[1] * 1000 + math.floor(t[2] / 1000)
    local mark = tonumber(redis.call('GET', key('clock')) or '0')
    if mark > ms then
        return mark
    end
    redis.call('SET', key('clock'), string.format('%.0f', ms))
    return ms
end

local function text(ms)
    return string.format('%.0f', ms)
end

-- An argument that may be absent ('').
local function given(argument)
    return argument ~= '' and argument or nil
end

local function flat(hash)
    local list = {}
    for name, value in pairs(hash) do
        list[#list + 1] = name
        list[#list + 1] = value
    end
    return list
end

local function load_hash(name)
    local list = redis.call('HGETALL', name)
    if #list == 0 then
        return nil
    end
    local hash = {}
    for i = 1, #list, 2 do
        hash[list[i]] = list[i + 1]
    end
    return hash
end

-- What open event streams are told, in the order of the changes; what it is about is read when it is told.
local function feed(kind, company, session)
    local name = key('feed', company)
    redis.call('XADD', name, 'MAXLEN', '~', FEED_MAX, '*', 't', kind, 's', session or '')
    redis.call('PEXPIRE', name, FEED_MS)
    redis.call('PUBLISH', 'beistand.changed', company .. ' ' .. (session or ''))
end

-- Appends an event to the bucket's outbox, and tells the open event streams unless it is no news. Returns the outbox id.
local function append(event, no_news)
    local id = redis.call('XADD', key('outbox'), '*', 'e', cjson.encode(event))
    redis.call('PUBLISH', 'beistand.outbox', text(bucket))
    if event.company and event.type ~= 'session.refused' and not no_news then
        feed(event.type, event.company, event.session)
    end
    return id
end

-- Journals the full state, and what the request's Idempotency-Key is remembered by (cause.idempotency: {owner, key, fields},
-- so that it can be remembered again); refused: the reason when somebody was refused. Returns the outbox id.
local function emit(kind, record, cause, refused)
    local event = {
        type = kind, session = record.id, company = record.company, bucket = bucket,
        epoch = tonumber(record.epoch or '1'), version = tonumber(record.version or '0'),
        command_id = cause.command_id, actor = cause.actor, time = cause.now, refused = refused,
        record = record, idempotency = cause.idempotency,
    }
    return append(event)
end

-- The program on the customer's PC, and where it called from ('' when nobody says).
local function program_actor(record, address)
    return {type = 'program', id = record.id, address = address ~= '' and address or nil}
end

-- Writes fields, counts the version, journals. Returns the outbox id.
local function change(kind, record, fields, cause)
    record.epoch = redis.call('GET', key('epoch')) or '1'
    record.version = text(tonumber(record.version or '0') + 1)
    fields.epoch, fields.version = record.epoch, record.version
    for name, value in pairs(fields) do
        record[name] = value
    end
    redis.call('HSET', KEYS[1], unpack(flat(fields)))
    return emit(kind, record, cause, cause.refused)
end

local function due(what, record, at)
    redis.call('ZADD', key('due'), text(at), what .. ':' .. record.id)
end

local function not_due(what, record)
    redis.call('ZREM', key('due'), what .. ':' .. record.id)
end

local function lease(record, until_ms)
    redis.call('ZADD', key('leases', 'company', record.company), text(until_ms), record.id)
    redis.call('ZADD', key('leases', 'technician', record.technician), text(until_ms), record.id)
end

local function release(record)
    redis.call('ZREM', key('leases', 'company', record.company), record.id)
    redis.call('ZREM', key('leases', 'technician', record.technician), record.id)
end

-- Ends the sign-ins of a person, but for the one named (its id). Gateways close their event streams on the notice.
local function end_sign_ins(technician, except)
    local index = key('technician-sign-ins', technician)
    for _, member in ipairs(redis.call('ZRANGE', index, 0, -1)) do
        local id, digest = string.match(member, '^(%w+):(%w+)$')
        if id and id ~= except then
            redis.call('DEL', key('cookie', digest), key('sign-in', id))
            redis.call('ZREM', index, member)
            redis.call('PUBLISH', 'beistand.revoked', id)
        end
    end
end

-- The company's own setting, else its plan's (proto/plans.json).
local function limit_of(company, plan, name)
    return tonumber(company[name] or '') or plan[name]
end

-- Managed computers and open sessions occupy seats; both are counted where they are, never by a counter.
local function free_seats(company, cid)
    return (tonumber(company.seats or '') or 0) - redis.call('ZCARD', key('computers', cid)) -
        redis.call('ZCARD', key('leases', 'company', cid))
end

-- What a refusal by technician_limit names.
local function open_session(tid)
    local sid = redis.call('ZRANGE', key('leases', 'technician', tid), 0, 0)[1]
    if not sid then
        return {}
    end
    return {open_session = sid, open_state = redis.call('HGET', key('session', sid), 'state') or 'invited'}
end
