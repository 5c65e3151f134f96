-- webhook: deliveries to a company's webhooks (docs/decisions/0042). Run by invitations; by gateway for 'again'.
-- KEYS[1] {sNN}:webhook:{wid}, or {sNN}:company:{cid} for 'enqueue'. ARGV[1] JSON: verb and
--   enqueue: company, id (of the event), type, session ('-' none), body, keep_ms → the webhooks to send to at once
--   take:    id, claim, claim_ms → {'send', body, url, secret, previous, previous_until, attempts, type} or {why not}
--   done:    id, claim, status, ms, error, answer, delay_ms (-1: given up), gone, disable_ms, keep_ms → {next id or ''}
--   again:   id, and body for one that is not there yet (a ping); keep_ms → {'queued' | 'wrong_state' | 'not_found'}
-- A delivery is {sNN}:webhook-delivery:{wid}:{id}; those of one session wait for each other in
-- {sNN}:webhook-queue:{wid}:{session}: only the first of a queue is due.
local wish = cjson.decode(ARGV[1])
local now = clock()
local LISTED_MAX, PENDING_MAX = 1000, 10000

local function delivery_key(wid, id)
    return key('webhook-delivery', wid, id)
end

local function fires(wid, id, at)
    redis.call('ZADD', key('due'), text(at), 'webhook:' .. wid .. ':' .. id)
end

local function fires_not(wid, id)
    redis.call('ZREM', key('due'), 'webhook:' .. wid .. ':' .. id)
end

local function wants(types, kind)
    for one in string.gmatch(types or '', '[^,]+') do
        if one == '*' or one == kind or (string.sub(one, -2) == '.*' and string.sub(kind, 1, #one - 1) == string.sub(one, 1, -2)) then
            return true
        end
    end
    return false
end

-- The list of a webhook's deliveries is bounded: the oldest that are over go. false: too many are waiting.
local function note_in_list(wid, id)
    local list = key('webhook-deliveries', wid)
    redis.call('ZADD', list, text(now), id)
    if redis.call('ZCARD', list) <= LISTED_MAX then
        return true
    end
    for _, old in ipairs(redis.call('ZRANGE', list, 0, 19)) do
        if redis.call('HGET', delivery_key(wid, old), 'state') ~= 'pending' then
            redis.call('DEL', delivery_key(wid, old))
            redis.call('ZREM', list, old)
        end
    end
    return redis.call('ZCARD', list) <= PENDING_MAX
end

local function put(wid, id, kind, session, body, queue)
    local name = delivery_key(wid, id)
    redis.call('HSET', name, 'id', id, 'type', kind, 'session', session, 'body', body, 'created_at', text(now), 'state',
        'pending', 'attempts', '0', 'next_at', text(now), 'queue', queue)
    redis.call('PERSIST', name)
    local line = key('webhook-queue', wid, queue)
    redis.call('RPUSH', line, id)
    if redis.call('LLEN', line) > 1 then
        return false
    end
    fires(wid, id, now)
    return true
end

local function disable(wid, record, why)
    redis.call('HSET', key('webhook-state', wid), 'disabled_at', text(now), 'disabled_reason', why)
    append({
        type = 'webhook.disabled', company = record.company, bucket = bucket, time = now,
        epoch = tonumber(redis.call('GET', key('epoch')) or '1'), reason = why,
        actor = {type = 'service', id = 'invitations'}, details = {webhook = wid},
    })
end

local function is_off(wid, record)
    return record.enabled ~= '1' or redis.call('HEXISTS', key('webhook-state', wid), 'disabled_at') == 1
end

-- ---- enqueue ----

local function enqueue()
    local ready = {}
    for _, member in ipairs(redis.call('ZRANGE', key('company-webhooks', wish.company), 0, -1)) do
        local wid = string.match(member, '(%w+)$')
        local record = load_hash(key('webhook', wid))
        if record and wants(record.types, wish.type) and not is_off(wid, record) and
            redis.call('EXISTS', delivery_key(wid, wish.id)) == 0 then
            if not note_in_list(wid, wish.id) then
                disable(wid, record, 'too_many_waiting')
            elseif put(wid, wish.id, wish.type, wish.session, wish.body, wish.session) then
                ready[#ready + 1] = wid
            end
        end
    end
    return ready
end

-- ---- take and done ----

local wid = string.match(KEYS[1], '(%w+)$')

-- The delivery is over; returns the id that is now first in its queue, or ''.
local function finish(delivery, state)
    local name = delivery_key(wid, delivery.id)
    redis.call('HSET', name, 'state', state, 'next_at', '')
    redis.call('HDEL', name, 'claim', 'claimed_until')
    redis.call('PEXPIRE', name, text(wish.keep_ms or 7 * 86400000))
    fires_not(wid, delivery.id)
    local line = key('webhook-queue', wid, delivery.queue)
    redis.call('LREM', line, 1, delivery.id)
    local following = redis.call('LINDEX', line, 0)
    if following then
        redis.call('HSET', delivery_key(wid, following), 'next_at', text(now))
        fires(wid, following, now)
    end
    return following or ''
end

local function take()
    local record = load_hash(KEYS[1])
    local delivery = load_hash(delivery_key(wid, wish.id))
    if not delivery or delivery.state ~= 'pending' then
        fires_not(wid, wish.id)
        return {'over'}
    end
    if not record or (is_off(wid, record) and delivery.type ~= 'webhook.ping') then
        redis.call('HSET', delivery_key(wid, wish.id), 'last_error', 'the webhook is switched off')
        return {'off', finish(delivery, 'failed')}
    end
    if redis.call('LINDEX', key('webhook-queue', wid, delivery.queue), 0) ~= wish.id then
        fires_not(wid, wish.id)
        return {'waits'}
    end
    local not_before = math.max(tonumber(delivery.claimed_until or '0'), tonumber(delivery.next_at))
    if not_before > now then
        fires(wid, wish.id, not_before)
        return {'early'}
    end
    local claimed_until = now + wish.claim_ms
    redis.call('HSET', delivery_key(wid, wish.id), 'claim', wish.claim, 'claimed_until', text(claimed_until))
    fires(wid, wish.id, claimed_until)
    return {
        'send', delivery.body, record.url, record.secret, record.previous or '', record.previous_until or '0',
        delivery.attempts, delivery.type,
    }
end

local function failed_long(record)
    local state = key('webhook-state', wid)
    redis.call('HSETNX', state, 'failing_since', text(now))
    redis.call('HINCRBY', state, 'failures', 1)
    if is_off(wid, record) then
        return
    end
    if wish.gone then
        disable(wid, record, 'gone')
    elseif now - tonumber(redis.call('HGET', state, 'failing_since')) >= wish.disable_ms then
        disable(wid, record, 'failed_too_long')
    end
end

local function done()
    local record = load_hash(KEYS[1])
    local name = delivery_key(wid, wish.id)
    local delivery = load_hash(name)
    local success = wish.status >= 200 and wish.status < 300
    -- Somebody else has claimed it meanwhile: only a success still counts.
    if not delivery or delivery.state ~= 'pending' or (delivery.claim ~= wish.claim and not success) then
        return {''}
    end
    redis.call('HSET', name, 'attempts', text(tonumber(delivery.attempts) + 1), 'last_at', text(now), 'last_status',
        text(wish.status), 'last_ms', text(wish.ms), 'last_error', wish.error, 'last_answer', wish.answer)
    redis.call('HDEL', name, 'claim', 'claimed_until')
    if success then
        redis.call('HSET', key('webhook-state', wid), 'succeeded_at', text(now))
        redis.call('HDEL', key('webhook-state', wid), 'failing_since', 'failures')
        return {finish(delivery, 'delivered')}
    end
    if record then
        failed_long(record)
    end
    if wish.delay_ms < 0 then
        return {finish(delivery, 'failed')}
    end
    redis.call('HSET', name, 'next_at', text(now + wish.delay_ms))
    fires(wid, wish.id, now + wish.delay_ms)
    return {''}
end

-- ---- again ----

local function again()
    local record = load_hash(KEYS[1])
    local delivery = load_hash(delivery_key(wid, wish.id))
    if not record or (not delivery and not wish.body) then
        return {'not_found'}
    end
    if delivery and delivery.state == 'pending' then
        return {'wrong_state'}
    end
    note_in_list(wid, wish.id)
    local kind = delivery and delivery.type or 'webhook.ping'
    -- In a queue of its own: what is sent again on demand waits for nobody.
    put(wid, wish.id, kind, delivery and delivery.session or '-', wish.body or delivery.body, 'again-' .. wish.id)
    return {'queued'}
end

local verbs = {enqueue = enqueue, take = take, done = done, again = again}
return verbs[wish.verb]()
