-- computer_groups: reads what heads the list of computers; changes nothing. Run by gateway.
-- KEYS[1] the company. ARGV[1] its id. Returns JSON {groups [{name, computers}] in their order (the first 500), seats,
-- managed, sessions, free}.
local cid = ARGV[1]
local company = load_hash(KEYS[1]) or {}
local index = key('computers', cid)
local groups, after = {}, '-'
while #groups < 500 do
    local member = redis.call('ZRANGEBYLEX', index, after, '+', 'LIMIT', 0, 1)[1]
    if not member then
        break
    end
    local group, id = string.match(member, '^([^\31]*)\31[^\31]*\31(%w+)$')
    local first, last = '[' .. group .. '\31', '(' .. group .. '\31\255'
    groups[#groups + 1] = {
        name = redis.call('HGET', key('computer', id), 'group') or group,
        computers = redis.call('ZLEXCOUNT', index, first, last),
    }
    after = '[' .. group .. '\31\255'
end
return cjson.encode({
    groups = #groups > 0 and groups or nil, seats = tonumber(company.seats or '') or 0,
    managed = redis.call('ZCARD', index), sessions = redis.call('ZCARD', key('leases', 'company', cid)),
    free = math.max(0, free_seats(company, cid)),
})
