-- sweep_trim: removes what Kafka has acknowledged from one bucket's outbox and appends it to the companies' audit logs,
-- each event exactly once (an entry that has left the outbox is in the log). The mark {sNN}:journaled goes on with it where there is one: a
-- Redis that was emptied has none, and what is written to it afterwards makes none (sweep_compare.lua).
-- KEYS[1] {sNN}:lease. ARGV: 1 holder, 2 fencing epoch, 3 milliseconds the logs are kept (0: for ever), 4.. outbox ids, each
-- 'id' or 'id company seq prev hash cut session record': cut is the seq through which the log is cut off (0: not), session a
-- session id or '-', record the canonical JSON.
-- Returns how many went; -1 when the lease was lost (another sweeper will read and produce them again: duplicates, no
-- gaps), -2 when a log's head is not where the sweeper took it to be (it reads again).
-- with: outbox_id
local lease_hash = load_hash(KEYS[1]) or {}
if lease_hash.holder ~= ARGV[1] or lease_hash.epoch ~= ARGV[2] then
    return -1
end

local entries, heads = {}, {}
for i = 4, #ARGV do
    local e = {}
    e.id, e.company, e.seq, e.prev, e.hash, e.cut, e.session, e.record =
        string.match(ARGV[i], '^(%S+) (%S+) (%d+) (%S+) (%S+) (%d+) (%S+) (.+)$')
    e.id = e.id or ARGV[i]
    entries[#entries + 1] = e
    if e.company then
        local head = heads[e.company] or load_hash(key('audit-head', e.company))
        if head and head.hash ~= e.prev then
            return -2
        end
        heads[e.company] = {hash = e.hash}
    end
end

local function append(e)
    local log = key('audit', e.company)
    redis.call('XADD', log, e.seq .. '-0', 'r', e.record, 'h', e.hash)
    redis.call('HSET', key('audit-head', e.company), 'seq', e.seq, 'hash', e.hash)
    redis.call('SADD', key('audit-companies'), e.company)
    if e.cut ~= '0' then
        redis.call('XTRIM', log, 'MINID', text(tonumber(e.cut) + 1))
    end
    if e.session ~= '-' then
        local index = key('audit-session', e.session)
        redis.call('RPUSH', index, e.seq)
        if ARGV[3] ~= '0' then
            redis.call('PEXPIRE', index, ARGV[3])
        end
    end
end

local gone = 0
local mark = redis.call('GET', key('journaled'))
for _, e in ipairs(entries) do
    if redis.call('XDEL', key('outbox'), e.id) == 1 then
        gone = gone + 1
        if e.company then
            append(e)
        end
    end
    mark = mark and is_later(e.id, mark) and e.id or mark
end
if mark then
    redis.call('SET', key('journaled'), mark)
end
return gone
