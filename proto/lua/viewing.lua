-- viewing: which viewers are connected to a session's PC; a relay that dies is forgotten after 30 s. Run by relay.
-- KEYS[1] session record. ARGV: 1 'open', 'renew' or 'close', 2 conn_id. Returns 1.
local sid = string.match(KEYS[1], '([^:]+)$')
local name = key('viewers', sid)
local now = clock()
if ARGV[1] == 'close' then
    redis.call('ZREM', name, ARGV[2])
else
    redis.call('ZADD', name, text(now + 30000), ARGV[2])
end
redis.call('ZREMRANGEBYSCORE', name, '-inf', text(now))
redis.call('PEXPIRE', name, 30000)
if ARGV[1] ~= 'renew' then
    redis.call('PUBLISH', 'beistand.changed', (redis.call('HGET', KEYS[1], 'company') or '-') .. ' ' .. sid)
end
return 1
