-- fold_computer: a managed computer as an event of the journal has it, unless Redis knows a later version. Run by CLI (`rebuild`).
-- KEYS[1] {sNN}:computer:{id}. ARGV[1] the record (JSON), ARGV[2] '1' when it was removed.
-- The caller gives the latest that the journal has: a removed computer leaves nothing here that would know an older event.
-- Returns 'folded' or 'known'.
-- with: newer
-- with: computer_place
local record = cjson.decode(ARGV[1])
local known = load_hash(KEYS[1])
local index = key('computers', record.company)
if not is_newer(record, known) then
    return 'known'
end
if known then
    redis.call('ZREM', index, place(known) .. known.id)
    redis.call('DEL', KEYS[1])
end
if ARGV[2] ~= '1' then
    redis.call('HSET', KEYS[1], unpack(flat(record)))
    redis.call('ZADD', index, 0, place(record) .. record.id)
end
return 'folded'
