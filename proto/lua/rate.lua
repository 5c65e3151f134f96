-- rate: a token bucket (GCRA: one number, the theoretical arrival time). Run by gateway.
-- KEYS[1] {sNN}:rate:{sha256 of what is counted}. ARGV: 1 how many may come at once, 2 milliseconds until one more may,
-- 3 how many come now, 4 '1': they were let in already. Returns 0, or the milliseconds to wait; then nothing was taken, unless they
-- were in: that is a debt.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local per, cost = tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + per * cost
local wait = arrival - per * tonumber(ARGV[1]) - now
if wait <= 0 or ARGV[4] == '1' then
    redis.call('SET', KEYS[1], string.format('%.3f', arrival), 'PX', text(math.ceil(arrival - now + 1000)))
end
return math.max(0, math.ceil(wait))
