-- directory: the one door for companies, people, API keys and webhooks. Run by gateway, and by the operator's CLI.
-- KEYS[1] the hash ({sNN}:company:{cid}, …:technician:{tid}, …:key:{sha256}, …:webhook:{wid}). ARGV[1] the change (JSON): verb
-- create, update or remove; kind; id; name (the last part of KEYS[1]); company; actor {type, id, …}; expected: the version
-- it was made from ('' = the hash must not exist); set: fields, JSON null removes one; link {digest, ms, use}: a one-time link
-- that sets the password; idempotency {owner, key, digest, kid}; except: the sign-in that a new password leaves alone;
-- step: of the code that
-- switched a second factor on, used up by that; only_repeated: the address is somebody's, so this can only be the answer to an earlier request.
-- ARGV[2] the full state afterwards, sealed. Returns {'done', version}, {'repeated', id, kid}, {'again'} (somebody was
-- faster: read and seal anew) or {reason}.
-- with: directory_index
local wish = cjson.decode(ARGV[1])
local set = wish.set or {}
local kind = wish.kind
local record = load_hash(KEYS[1])
local now = clock()
local by_operator = wish.actor.type == 'operator'
local KEYS_MAX = 50
local WEBHOOKS_MAX = 20
local PERMISSIONS = 'adhoc_support,full_remote_control'

local function given(value)
    return value ~= nil and value ~= cjson.null
end

local function after(name)
    if set[name] == nil then
        return record and record[name]
    end
    return given(set[name]) and set[name] or nil
end

local function holds(list, name)
    return string.find(',' .. (list or '') .. ',', ',' .. name .. ',', 1, true) ~= nil
end

-- Is everything of the list in the other?
local function within(list, other)
    for name in string.gmatch(list or '', '[^,]+') do
        if not holds(other, name) then
            return false
        end
    end
    return true
end

local function added(list, before)
    local names = {}
    for name in string.gmatch(list or '', '[^,]+') do
        if not holds(before, name) then
            names[#names + 1] = name
        end
    end
    return table.concat(names, ',')
end

-- ---- who may ----

local own_fields = {password = true, password_at = true, totp = true, totp_pending = true, recovery = true, reset = true}

-- What a person may change without being an administrator: own password and second factor, own keys.
local function is_own()
    if kind == 'key' then
        return (record or set).technician == wish.actor.id
    end
    if kind ~= 'technician' or wish.name ~= wish.actor.id or wish.verb ~= 'update' then
        return false
    end
    for name in pairs(set) do
        if not own_fields[name] then
            return false
        end
    end
    return true
end

-- Nobody grants what they do not hold, nor takes over the account of somebody who holds more: with a link for a new password,
-- without their second factor, or by signing in for them at a provider (that knows people by their address).
local function grants(who)
    if kind == 'company' then
        local signs_in = set.oidc_issuer ~= nil or set.oidc_client_id ~= nil or set.oidc_secret ~= nil
        return not signs_in or within(PERMISSIONS, who.permissions)
    elseif kind ~= 'technician' then
        return true
    end
    local takes_over = given(set.reset) or set.totp == cjson.null or (record and given(set.email) and set.email ~= record.email)
    return within(added(after('permissions'), record and record.permissions), who.permissions) and
        (not takes_over or within(record and record.permissions, who.permissions))
end

local function refused()
    if by_operator or wish.actor.type == 'service' then
        return nil
    end
    local who = load_hash(key('technician', wish.actor.id))
    if not who or who.company ~= wish.company or who.disabled == '1' then
        return 'unauthenticated'
    end
    if is_own() then
        return nil
    end
    if who.role ~= 'administrator' or (kind == 'key' and wish.verb ~= 'remove') or not grants(who) then
        return 'permission_missing'
    end
end

-- ---- what must hold ----

local administrators = key('company-administrators', wish.company)

local function breaks_a_rule()
    if kind == 'technician' then
        local stays = wish.verb ~= 'remove' and is_administrator({role = after('role'), disabled = after('disabled')})
        if is_administrator(record) and not stays and not by_operator and redis.call('SCARD', administrators) <= 1 then
            return 'last_administrator'
        end
        if wish.verb == 'remove' and redis.call('ZCARD', key('leases', 'technician', wish.name)) > 0 then
            return 'wrong_state'
        end
    end
    if kind ~= 'company' and wish.verb == 'create' and redis.call('EXISTS', key('company', wish.company)) == 0 then
        return 'not_found'
    end
    if kind == 'key' and wish.verb == 'create' and
        redis.call('ZCARD', key('technician-keys', set.technician)) >= KEYS_MAX then
        return 'rate_limited'
    end
    if kind == 'webhook' and wish.verb == 'create' and
        redis.call('ZCARD', key('company-webhooks', wish.company)) >= WEBHOOKS_MAX then
        return 'rate_limited'
    end
    if wish.link and wish.link.use and redis.call('GET', key('activate-account', wish.link.digest)) ~= wish.name then
        return 'not_found'
    end
end

-- ---- what follows ----

-- The fields afterwards; nil when it is removed.
local function all_after()
    if wish.verb == 'remove' then
        return nil
    end
    local fields = {}
    for name, value in pairs(record or {}) do
        fields[name] = value
    end
    for name in pairs(set) do
        fields[name] = after(name)
    end
    return fields
end

local function forget_link(digest)
    if digest and digest ~= '' then
        redis.call('DEL', key('activate-account', digest))
    end
end

local function follow_technician()
    if wish.link and not wish.link.use then
        redis.call('SET', key('activate-account', wish.link.digest), wish.name, 'PX', text(wish.link.ms))
    end
    if set.reset ~= nil or wish.verb == 'remove' then
        forget_link(record and record.reset)
    end
    if wish.verb == 'remove' or after('disabled') == '1' or given(set.password) then
        end_sign_ins(wish.name, wish.except)
    end
    if wish.verb == 'remove' or after('disabled') == '1' then
        redis.call('PUBLISH', 'beistand.revoked', wish.name)
    end
    if wish.step then
        redis.call('SET', key('totp-used', wish.name), text(wish.step), 'PX', 300000)
    end
    if wish.verb == 'remove' then
        remove_keys(wish.company, wish.name)
        redis.call('DEL', key('totp-used', wish.name))
    end
end

-- Switched on again it has not failed yet; removed, nothing of it stays.
local function follow_webhook()
    if wish.verb == 'remove' then
        redis.call('DEL', key('webhook-state', wish.name), key('webhook-deliveries', wish.name))
    elseif set.enabled == '1' then
        redis.call('HDEL', key('webhook-state', wish.name), 'disabled_at', 'disabled_reason', 'failing_since', 'failures')
    end
end

-- The gateway ends the open sessions at once; should it die meanwhile, their due time has come (end.lua).
local function follow_company()
    if set.suspended == '1' then
        redis.call('PUBLISH', 'beistand.revoked', wish.name)
        for _, sid in ipairs(redis.call('ZRANGE', key('leases', 'company', wish.name), 0, -1)) do
            redis.call('ZADD', key('due'), text(now), 'expire:' .. sid)
        end
    end
end

-- ---- the change ----

local function write()
    local kept, gone = {}, {}
    for name, value in pairs(set) do
        if given(value) then
            kept[name] = value
        else
            gone[#gone + 1] = name
        end
    end
    if wish.verb == 'remove' then
        redis.call('DEL', KEYS[1])
        return
    end
    redis.call('HSET', KEYS[1], unpack(flat(kept)))
    if #gone > 0 then
        redis.call('HDEL', KEYS[1], unpack(gone))
    end
end

local function changed_names()
    local names = {}
    for name in pairs(set) do
        if name ~= 'version' and name ~= 'updated_at' then
            names[#names + 1] = name
        end
    end
    table.sort(names)
    return table.concat(names, ',')
end

local remembered = wish.idempotency and key('idempotency', wish.idempotency.owner, wish.idempotency.key)
if remembered then
    local known = load_hash(remembered)
    if known and known.digest ~= wish.idempotency.digest then
        return {'idempotency_conflict'}
    elseif known then
        return {'repeated', known.id, known.kid or ''}
    end
end
if wish.only_repeated then
    return {'email_taken'}
end
local version = record and (record.version or '0') or ''
if version ~= wish.expected then
    return {'again'}
end
local reason = refused() or breaks_a_rule()
if reason then
    return {reason}
end
local next_version = text(tonumber(record and record.version or '0') + 1)
set.version = next_version
local fields = all_after()
write()
index_entity(wish, record, fields)
if kind == 'technician' then
    follow_technician()
elseif kind == 'company' then
    follow_company()
elseif kind == 'webhook' then
    follow_webhook()
end
local remembers = wish.idempotency and {digest = wish.idempotency.digest, id = wish.id, kid = wish.idempotency.kid or ''}
if remembered then
    redis.call('HSET', remembered, unpack(flat(remembers)))
    redis.call('PEXPIRE', remembered, IDEMPOTENCY_MS)
end
append({
    type = 'directory.changed', verb = wish.verb, kind = kind, id = wish.id, company = wish.company, bucket = bucket,
    epoch = tonumber(redis.call('GET', key('epoch')) or '1'), version = tonumber(next_version),
    actor = wish.actor, time = now, changed = changed_names(), sealed = ARGV[2] ~= '' and ARGV[2] or nil,
    idempotency = wish.idempotency and {owner = wish.idempotency.owner, key = wish.idempotency.key, fields = remembers},
})
return {'done', next_version}
