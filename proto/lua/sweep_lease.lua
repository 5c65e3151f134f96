-- sweep_lease: takes or renews the sweeper's lease of one bucket.
-- KEYS[1] {sNN}:lease. ARGV: 1 holder, 2 milliseconds. Returns the fencing epoch, or 0 while another holds it.
local now = clock()
local lease_hash = load_hash(KEYS[1]) or {}
local epoch = tonumber(lease_hash.epoch or '0')
if lease_hash.holder ~= ARGV[1] then
    if now < tonumber(lease_hash['until'] or '0') then
        return 0
    end
    epoch = epoch + 1
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'epoch', text(epoch), 'until', text(now + tonumber(ARGV[2])))
return epoch
