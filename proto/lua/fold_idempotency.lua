-- fold_idempotency: what a request's Idempotency-Key is remembered by, for the rest of its day. Run by CLI (`rebuild`).
-- KEYS[1] {sNN}:idempotency:{cid}:{sha256 of key}. ARGV[1] its fields (JSON), ARGV[2] when it was made.
-- Returns 'folded' or 'known'.
local left = tonumber(ARGV[2]) + IDEMPOTENCY_MS - clock()
local fields = cjson.decode(ARGV[1])
local known = load_hash(KEYS[1])
-- A refusal is forgotten by what the same key made later.
if left <= 0 or (known and not (known.reason and fields.session)) then
    return 'known'
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(flat(fields)))
redis.call('PEXPIRE', KEYS[1], text(left))
return 'folded'
