-- feed_open: where a company's event stream begins. Run by gateway.
-- KEYS[1] {sNN}:feed:{cid}. ARGV: 1 bucket epoch and 2 feed id of what the client has seen last ('' when nothing).
-- Returns {bucket epoch, 'fresh' | 'resumed' | 'reset', feed id to go on after}. Only an id that is still in the feed
-- is resumed: behind an id that was trimmed, or of a Redis that has lost writes since, something may be missing.
local epoch = redis.call('GET', key('epoch')) or '1'

local function newest()
    local entry = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    if entry then
        return entry[1]
    end
    local id = redis.call('XADD', KEYS[1], '*', 't', 'feed.opened', 's', '')
    redis.call('PEXPIRE', KEYS[1], FEED_MS)
    return id
end

if ARGV[2] == '' then
    return {epoch, 'fresh', newest()}
end
if ARGV[1] == epoch and #redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2]) == 1 then
    return {epoch, 'resumed', ARGV[2]}
end
return {epoch, 'reset', newest()}
