-- sweep_trim: removes what Kafka has acknowledged from one bucket's outbox.
-- KEYS[1] {sNN}:lease. ARGV: 1 holder, 2 fencing epoch, 3.. outbox ids. Returns how many went, -1 when the
-- lease was lost (another sweeper will read and produce them again: duplicates, no gaps).
local lease_hash = load_hash(KEYS[1]) or {}
if lease_hash.holder ~= ARGV[1] or lease_hash.epoch ~= ARGV[2] then
    return -1
end
return redis.call('XDEL', key('outbox'), unpack(ARGV, 3))
