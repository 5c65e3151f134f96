-- fold_audit: records of a company's audit log that Redis has lost, in order. Run by CLI (`rebuild`).
-- KEYS[1] {sNN}:audit-head:{cid}. ARGV: 1 milliseconds the logs are kept (0: for ever), 2.. 'seq prev hash session record' (session '-'
-- for none) as in sweep_trim.lua, or 'seq hash' alone: a head of which no record is left.
-- Returns how many were appended. What does not follow from the log in Redis begins it anew: the lost records between are in backups only.
local cid = string.match(KEYS[1], '([^:]+)$')
local log = key('audit', cid)
local head = load_hash(KEYS[1]) or {seq = '0'}
local appended = 0

local function take_head(seq, hash)
    head = {seq = seq, hash = hash}
    redis.call('HSET', KEYS[1], 'seq', seq, 'hash', hash)
    redis.call('SADD', key('audit-companies'), cid)
end

local function append_record(seq, prev, hash, session, record)
    if head.hash and head.hash ~= prev then
        redis.call('DEL', log)
    end
    redis.call('XADD', log, seq .. '-0', 'r', record, 'h', hash)
    take_head(seq, hash)
    appended = appended + 1
    if session ~= '-' then
        local index = key('audit-session', session)
        redis.call('RPUSH', index, seq)
        if ARGV[1] ~= '0' then
            redis.call('PEXPIRE', index, ARGV[1])
        end
    end
end

for i = 2, #ARGV do
    local seq, prev, hash, session, record = string.match(ARGV[i], '^(%d+) (%x+) (%x+) (%S+) (.+)$')
    if not seq then
        seq, hash = string.match(ARGV[i], '^(%d+) (%x+)$')
    end
    if tonumber(seq) > tonumber(head.seq) then
        if record then
            append_record(seq, prev, hash, session, record)
        else
            redis.call('DEL', log)
            take_head(seq, hash)
        end
    end
end
return appended
