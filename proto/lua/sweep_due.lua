-- sweep_due: hands out what is due in one bucket and asks again in ARGV[3] ms unless the owner is done by then.
-- KEYS[1] {sNN}:lease. ARGV: 1 holder, 2 fencing epoch, 3 retry ms, 4 limit.
-- Returns the members, or nothing when the lease was lost.
local lease_hash = load_hash(KEYS[1]) or {}
if lease_hash.holder ~= ARGV[1] or lease_hash.epoch ~= ARGV[2] then
    return {}
end
local now = clock()
local members = redis.call('ZRANGEBYSCORE', key('due'), '-inf', text(now), 'LIMIT', 0, tonumber(ARGV[4]))
for _, member in ipairs(members) do
    redis.call('ZADD', key('due'), 'XX', text(now + tonumber(ARGV[3])), member)
end
return members
