-- fold_session: a session as an event of the journal has it, unless Redis knows a later version, with everything that follows
-- from its record: leases, due times, the company's list, links. Run by CLI (`rebuild`).
-- KEYS[1] session record. ARGV[1] the record (JSON), ARGV[2..] link tokens of the generations 1, 2, …
-- Returns 'folded' or 'known'.
-- with: newer
local record = cjson.decode(ARGV[1])
local known = load_hash(KEYS[1])
if not is_newer(record, known) then
    return 'known'
end
local now = clock()

local function again(what, at)
    if at then
        due(what, record, at)
    else
        not_due(what, record)
    end
end

local function link_all()
    local left = tonumber(record.invitation_expires_at) + REMOVAL_MS - now
    for generation = 1, #ARGV - 1 do
        if left > 0 then
            redis.call('SET', key('link', ARGV[generation + 1]), record.id .. ':' .. generation, 'PX', text(left))
        end
    end
end

if known then
    release(known)
    redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], unpack(flat(record)))
redis.call('ZADD', key('company-sessions', record.company), record.created_at, record.id)
local is_open = record.state ~= 'ended'
local limit = tonumber(record.state == 'active' and record.expires_at or record.invitation_expires_at)
if is_open then
    lease(record, limit)
end
again('expire', is_open and limit)
local to_send = record.state == 'invited' and (record.mail_state == 'queued' or record.mail_state == 'mail_delayed')
again('mail', to_send and (tonumber(record.mail_retry_at or '') or now))
again('removal', record.removal == 'pending' and tonumber(record.ended_at) + tonumber(record.removal_ms or REMOVAL_MS))
link_all()
return 'folded'
