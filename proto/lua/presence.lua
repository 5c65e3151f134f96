-- presence: which relay holds the program's control socket. Run by relay.
-- KEYS[1] session record. ARGV: 1 'open', 'renew' or 'close', 2 holder (node and connection).
-- Returns 1, or 0 when another holder has taken over (a later socket of the same program) or there is no session.
local id, company = string.match(KEYS[1], '([^:]+)$'), redis.call('HGET', KEYS[1], 'company')
if not company then
    return 0
end
local name = key('presence', id)
local holder = redis.call('HGET', name, 'node')
local function tell()
    redis.call('PUBLISH', 'beistand.changed', company .. ' ' .. id)
end
if ARGV[1] == 'close' then
    if holder == ARGV[2] then
        redis.call('DEL', name)
        redis.call('HSET', KEYS[1], 'last_online', text(clock()))
        tell()
    end
    return 1
end
if ARGV[1] == 'renew' and holder and holder ~= ARGV[2] then
    return 0
end
if holder ~= ARGV[2] then
    redis.call('HSET', name, 'node', ARGV[2], 'since', text(clock()))
    tell()
end
redis.call('PEXPIRE', name, 30000)
return 1
