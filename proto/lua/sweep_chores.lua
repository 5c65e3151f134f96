-- sweep_chores: what each bucket needs once a day, a piece at a time. Living sessions, managed computers and the heads of audit logs
-- are journaled again, so that the journal's retention is always enough to fold them (docs/decisions/0043); audit logs are
-- cut off at their age, which is an event of the log itself (sweep_trim removes the records when that event is in it).
-- KEYS[1] {sNN}:lease. ARGV: 1 holder, 2 fencing epoch, 3 milliseconds from round to round, 4 members a piece, 5 time
-- (as in records) before which audit records go, '' for never.
-- Returns 1: there is more; 0: done until the next round; -1: the lease was lost.
local lease_hash = load_hash(KEYS[1]) or {}
if lease_hash.holder ~= ARGV[1] or lease_hash.epoch ~= ARGV[2] then
    return -1
end
local now = clock()
local state = load_hash(key('chores')) or {started = '0', phase = 'done', cursor = '0'}
if state.phase == 'done' then
    if now < tonumber(state.started) + tonumber(ARGV[3]) then
        return 0
    end
    state = {started = text(now), phase = 'sessions', cursor = '0'}
end
local epoch = tonumber(redis.call('GET', key('epoch')) or '1')

local function journal_session(sid)
    local record = load_hash(key('session', sid))
    if record then
        append({
            type = 'session.journaled', session = sid, company = record.company, bucket = bucket,
            epoch = tonumber(record.epoch or '1'), version = tonumber(record.version or '0'), time = now, record = record,
        }, true)
    end
end

-- Everything that is open or waits for something has a due time.
local function sessions()
    local page = redis.call('ZSCAN', key('due'), state.cursor, 'COUNT', ARGV[4])
    for i = 1, #page[2], 2 do
        local kind, sid = string.match(page[2][i], '^(%a+):(%w+)$')
        if kind == 'expire' or kind == 'removal' then
            journal_session(sid)
        end
    end
    return page[1]
end

-- cursor: 'place in {sNN}:companies, place in the company's list'. What is removed meanwhile moves the rest up by one: it is
-- journaled in the next round, and retention has room for several.
local function computers()
    local company, from = string.match(state.cursor, '^(%d+) (%d+)$')
    company, from = tonumber(company or '0'), tonumber(from or '0')
    local member = redis.call('ZRANGE', key('companies'), company, company)[1]
    if not member then
        return '0'
    end
    local page = redis.call('ZRANGE', key('computers', string.match(member, '(%w+)$')), from, from + tonumber(ARGV[4]) - 1)
    for _, place in ipairs(page) do
        local record = load_hash(key('computer', string.match(place, '(%w+)$')))
        if record then
            append({
                type = 'computer.journaled', computer = record.id, company = record.company, bucket = bucket,
                epoch = tonumber(record.epoch), version = tonumber(record.version), time = now, record = record,
            }, true)
        end
    end
    if #page < tonumber(ARGV[4]) then
        return text(company + 1) .. ' 0'
    end
    return text(company) .. ' ' .. text(from + #page)
end

local function record_at(log, seq)
    local entry = redis.call('XRANGE', log, text(seq) .. '-0', text(seq) .. '-0')[1]
    return entry and {time = cjson.decode(entry[2][2]).time, hash = entry[2][4]}
end

-- The newest record before the time, by halving: times never go down along a log.
local function newest_before(log, first, last, time)
    while first < last do
        local middle = math.floor((first + last + 1) / 2)
        if record_at(log, middle).time < time then
            first = middle
        else
            last = middle - 1
        end
    end
    return first
end

local function cut_off(cid, head)
    local log = key('audit', cid)
    local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    local seq = first and tonumber(string.match(first[1], '^%d+'))
    if ARGV[5] == '' or not seq or record_at(log, seq).time >= ARGV[5] then
        return
    end
    seq = newest_before(log, seq, tonumber(head.seq), ARGV[5])
    append({
        type = 'audit.trimmed', company = cid, bucket = bucket, epoch = epoch, time = now,
        actor = {type = 'service', id = 'sweeper'}, details = {seq = seq, hash = record_at(log, seq).hash},
    })
end

local function companies()
    local page = redis.call('SSCAN', key('audit-companies'), state.cursor, 'COUNT', ARGV[4])
    for _, cid in ipairs(page[2]) do
        local head = load_hash(key('audit-head', cid))
        if head then
            append({
                type = 'audit.journaled', company = cid, bucket = bucket, epoch = epoch, time = now,
                audit = {seq = tonumber(head.seq), hash = head.hash},
            }, true)
            cut_off(cid, head)
        end
    end
    return page[1]
end

local following = {sessions = 'computers', computers = 'companies', companies = 'done'}
local pieces = {sessions = sessions, computers = computers, companies = companies}
local cursor = pieces[state.phase]()
local phase = cursor == '0' and following[state.phase] or state.phase
redis.call('HSET', key('chores'), 'started', state.started, 'phase', phase, 'cursor', cursor)
return phase == 'done' and 0 or 1
