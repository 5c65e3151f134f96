-- The indexes that follow from the entities of the directory. what: {kind, company, name (the last part of the entity's key),
-- id}; before, after: its fields, nil when it is not there.
local function is_administrator(entity)
    return entity ~= nil and entity.role == 'administrator' and entity.disabled ~= '1'
end

local function index(name, owner, member, there)
    if there then
        redis.call('ZADD', key(name, owner), 0, member)
    else
        redis.call('ZREM', key(name, owner), member)
    end
end

local function index_technician(what, after, member)
    index('company-technicians', what.company, member, after ~= nil)
    redis.call(is_administrator(after) and 'SADD' or 'SREM', key('company-administrators', what.company), what.name)
end

local function index_key(what, technician, member, there)
    index('company-keys', what.company, member, there)
    index('technician-keys', technician, member, there)
    if there then
        redis.call('SET', key('key-id', what.id), what.name)
    else
        redis.call('DEL', key('key-id', what.id))
        redis.call('PUBLISH', 'beistand.revoked', what.id)
    end
end

local function index_entity(what, before, after)
    local entity = after or before
    local member = string.format('%013.0f', tonumber(entity.created_at or '0')) .. ':' .. what.name
    if what.kind == 'technician' then
        index_technician(what, after, member)
    elseif what.kind == 'key' then
        index_key(what, entity.technician, member, after ~= nil)
    elseif what.kind == 'webhook' then
        index('company-webhooks', what.company, member, after ~= nil)
    else
        redis.call('ZADD', key('companies'), 0, member)
    end
end

-- A person who is removed takes their keys along.
local function remove_keys(company, technician)
    for _, member in ipairs(redis.call('ZRANGE', key('technician-keys', technician), 0, -1)) do
        local name = string.match(member, ':(%w+)$')
        local id = redis.call('HGET', key('key', name), 'id')
        redis.call('DEL', key('key', name))
        redis.call('ZREM', key('company-keys', company), member)
        if id then
            redis.call('DEL', key('key-id', id))
            redis.call('PUBLISH', 'beistand.revoked', id)
        end
    end
    redis.call('DEL', key('technician-keys', technician))
end
