-- presence: which relay holds the program's control socket. Run by relay.
-- KEYS[1] session record. ARGV: 1 'open', 'renew' or 'close', 2 holder (node and connection).
-- Returns 1, or 0 when another holder has taken over (a later socket of the same program).
local name = key('presence', string.match(KEYS[1], '([^:]+)$'))
local holder = redis.call('HGET', name, 'node')
local company = redis.call('HGET', KEYS[1], 'company')
local function tell(kind)
    if company then
        feed(kind, company, string.match(KEYS[1], '([^:]+)$'))
    end
end
if ARGV[1] == 'close' then
    if holder == ARGV[2] then
        redis.call('DEL', name)
        redis.call('HSET', KEYS[1], 'last_online', text(clock()))
        tell('presence.offline')
    end
    return 1
end
if ARGV[1] == 'renew' and holder and holder ~= ARGV[2] then
    return 0
end
if holder ~= ARGV[2] then
    redis.call('HSET', name, 'node', ARGV[2], 'since', text(clock()))
    tell('presence.online')
end
redis.call('PEXPIRE', name, 30000)
return 1
