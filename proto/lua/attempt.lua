-- attempt: what is known about signing in with an e-mail address from a network address. Run by gateway.
-- KEYS[1] {sNN}:login:{sha256 of the lower-case address}. ARGV: 1 'look', 'failed' or 'succeeded', 2 SHA-256 of the network
-- address. Returns {the holder's value or '', '1' when this network address has signed that person in before, failed
-- attempts of the last quarter of an hour from anywhere else}.
local digest = string.match(KEYS[1], ':(%w+)$')
local known, failures = key('known', digest), key('failures', digest)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local KNOWN_MS, KNOWN_MAX, FAILURES_MS = 90 * 24 * 3600 * 1000, 20, 15 * 60 * 1000

if ARGV[1] == 'succeeded' then
    redis.call('ZADD', known, now, ARGV[2])
    redis.call('ZREMRANGEBYRANK', known, 0, -KNOWN_MAX - 1)
    redis.call('PEXPIRE', known, text(KNOWN_MS))
elseif ARGV[1] == 'failed' then
    redis.call('INCR', failures)
    redis.call('PEXPIRE', failures, text(FAILURES_MS))
end
local seen = tonumber(redis.call('ZSCORE', known, ARGV[2]) or '0')
return {redis.call('GET', KEYS[1]) or '', now - seen < KNOWN_MS and '1' or '0', redis.call('GET', failures) or '0'}
