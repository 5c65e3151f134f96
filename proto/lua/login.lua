-- login: which person an e-mail address signs in. Run by gateway, and by the operator's CLI.
-- KEYS[1] {sNN}:login:{sha256 of the lower-case address}. ARGV: 1 'claim' or 'release', 2 the holder's value
-- ('tid:cid:time of the claim'), 3 a value that may be replaced (its person does not exist or has another address).
-- Returns who holds it afterwards, '' when nobody. It lies in the address's bucket, not the company's, so it cannot be
-- part of the directory transition: a claim whose transition never came is what ARGV[3] is for.
local holder = redis.call('GET', KEYS[1])
if ARGV[1] == 'release' then
    if holder and string.sub(holder, 1, 53) == string.sub(ARGV[2], 1, 53) then
        redis.call('DEL', KEYS[1])
        return ''
    end
    return holder or ''
end
if not holder or holder == ARGV[3] then
    redis.call('SET', KEYS[1], ARGV[2])
    return ARGV[2]
end
return holder
