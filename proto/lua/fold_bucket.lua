-- fold_bucket: the end of a bucket's rebuild. Its epoch rises, its time and its outbox ids go on behind what the journal has, and
-- the companies' logs whose first records are in no topic any more say so. Run by CLI (`rebuild`).
-- KEYS[1] {sNN}:epoch. ARGV: 1 highest epoch of the journal, 2 its latest time, 3 its newest outbox id ('0-0': none).
-- Returns the new epoch.
local epoch = math.max(tonumber(redis.call('GET', KEYS[1]) or '1'), tonumber(ARGV[1])) + 1
redis.call('SET', KEYS[1], text(epoch))
local now = math.max(clock(), tonumber(ARGV[2]))
redis.call('SET', key('clock'), text(now))

local function pair(id)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(seq)
end

local function last_id()
    if redis.call('EXISTS', key('outbox')) == 0 then
        return '0-0'
    end
    local info = redis.call('XINFO', 'STREAM', key('outbox'))
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then
            return info[i + 1]
        end
    end
end

local ms, seq = pair(last_id())
local newest_ms, newest_seq = pair(ARGV[3])
if newest_ms > ms or (newest_ms == ms and newest_seq > seq) then
    redis.call('XADD', key('outbox'), ARGV[3], 'e', '')
    redis.call('XDEL', key('outbox'), ARGV[3])
end

-- The log's first record, or the one that will be, and what it follows from.
local function begins(cid)
    local first = redis.call('XRANGE', key('audit', cid), '-', '+', 'COUNT', 1)[1]
    if first then
        local record = cjson.decode(first[2][2])
        return record.seq, record.prev
    end
    local head = load_hash(key('audit-head', cid))
    return tonumber(head.seq) + 1, head.hash
end

local function says_so(cid, seq)
    for _, entry in ipairs(redis.call('XREVRANGE', key('audit', cid), '+', '-', 'COUNT', 1000)) do
        local record = cjson.decode(entry[2][2])
        if record.type == 'audit.trimmed' and record.details.seq == seq then
            return true
        end
    end
    return false
end

for _, cid in ipairs(redis.call('SMEMBERS', key('audit-companies'))) do
    local seq, prev = begins(cid)
    if seq > 1 and not says_so(cid, seq - 1) then
        append({
            type = 'audit.trimmed', company = cid, bucket = bucket, epoch = epoch, time = now,
            actor = {type = 'service', id = 'rebuild'}, details = {seq = seq - 1, hash = prev},
        })
    end
end
return epoch
