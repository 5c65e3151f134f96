-- presence: which relay holds the program's control socket. Run by relay.
-- KEYS[1] session record. ARGV: 1 'open', 'renew' or 'close', 2 holder (node and connection), 3 why it closed ('reboot',
-- 'shut_down', 'program_closed' as the program said, else 'connection_lost').
-- Returns 1, or 0 when another holder has taken over (a later socket of the same program).
local sid = string.match(KEYS[1], '([^:]+)$')
local name = key('presence', sid)
local company = redis.call('HGET', KEYS[1], 'company')
local holder = redis.call('HGET', name, 'node')
local function tell()
    redis.call('PUBLISH', 'beistand.changed', company .. ' ' .. sid)
end
if not company then
    return 1
end
if ARGV[1] == 'close' then
    if holder == ARGV[2] then
        redis.call('DEL', name)
        redis.call('HSET', KEYS[1], 'last_online', text(clock()), 'last_state', ARGV[3])
        tell()
    end
    return 1
end
if ARGV[1] == 'renew' and holder and holder ~= ARGV[2] then
    return 0
end
-- Written while it is online too, so that the death of a relay loses no more than a renewal.
redis.call('HSET', KEYS[1], 'last_online', text(clock()), 'last_state', 'connection_lost')
if holder ~= ARGV[2] then
    redis.call('HSET', name, 'node', ARGV[2], 'since', text(clock()))
    tell()
end
redis.call('PEXPIRE', name, 30000)
return 1
