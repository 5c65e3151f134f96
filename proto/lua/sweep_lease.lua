-- sweep_lease: takes or renews the sweeper's lease of one bucket.
-- KEYS[1] {sNN}:lease. ARGV: 1 holder, 2 milliseconds. Returns the fencing epoch, or 0 while another holds it.
-- The bucket's time stands still after Redis' clock was put back, and a dead holder's lease would stand with it: a lease
-- is also over when it was not renewed for that long by Redis' own clock, or was renewed later than that says it is. If
-- its holder lives, the fencing epoch keeps it from doing harm.
local now = clock()
local t = redis.call('TIME')
local real = t[1] * 1000 + math.floor(t[2] / 1000)
local lease_hash = load_hash(KEYS[1]) or {}
local epoch = tonumber(lease_hash.epoch or '0')
if lease_hash.holder ~= ARGV[1] then
    local since = real - tonumber(lease_hash.renewed or '0')
    if now < tonumber(lease_hash['until'] or '0') and since >= 0 and since < tonumber(ARGV[2]) then
        return 0
    end
    epoch = epoch + 1
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'epoch', text(epoch), 'until', text(now + tonumber(ARGV[2])),
    'renewed', text(real))
return epoch
