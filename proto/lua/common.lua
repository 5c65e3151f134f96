-- Put before every transition by proto/generate.py. KEYS[1] is always the session record, whose hash tag
-- names the bucket; every other key is made from that tag, so a bucket can live on any Redis server.
-- Redis never rolls a script back: each transition checks everything first and writes at the end.
local tag = string.match(KEYS[1], '^(%b{})')
local bucket = tonumber(string.sub(tag, 3, 4))
local MAX_ATTEMPTS = 5
local REMOVAL_MS = 24 * 3600 * 1000

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

local function load_hash(name)
    local flat = redis.call('HGETALL', name)
    if #flat == 0 then
        return nil
    end
    local hash = {}
    for i = 1, #flat, 2 do
        hash[flat[i]] = flat[i + 1]
    end
    return hash
end

-- Writes fields, counts the version, journals the full state. Returns the outbox id.
local function emit(kind, record, cause, refused)
    local event = {
        type = kind, session = record.id, company = record.company, bucket = bucket,
        epoch = tonumber(record.epoch or '1'), version = tonumber(record.version or '0'),
        command_id = cause.command_id, actor = cause.actor, time = cause.now, refused = refused,
        record = record,
    }
    local id = redis.call('XADD', key('outbox'), '*', 'e', cjson.encode(event))
    redis.call('PUBLISH', 'beistand.outbox', text(bucket))
    return id
end

local function change(kind, record, fields, cause)
    record.epoch = redis.call('GET', key('epoch')) or '1'
    record.version = text(tonumber(record.version or '0') + 1)
    fields.epoch, fields.version = record.epoch, record.version
    local flat = {}
    for name, value in pairs(fields) do
        record[name] = value
        flat[#flat + 1] = name
        flat[#flat + 1] = value
    end
    redis.call('HSET', KEYS[1], unpack(flat))
    return emit(kind, record, cause)
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
