-- Outbox ids, 'ms-seq'.
local function is_later(id, than)
    local ms, seq = string.match(id, '^(%d+)-(%d+)$')
    local than_ms, than_seq = string.match(than, '^(%d+)-(%d+)$')
    ms, than_ms = tonumber(ms), tonumber(than_ms)
    return ms > than_ms or (ms == than_ms and tonumber(seq) > tonumber(than_seq))
end

-- The newest that the bucket's outbox ever gave: a stream remembers it when it is empty.
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
