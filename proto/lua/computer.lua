-- computer: the managed computers of a company. Run by gateway (administrators).
-- KEYS[1] the company. ARGV[1] JSON {verb, company, actor, command_id} and, by verb,
--   add     items [{id, name, group, note, line}]: all of them or none
--   change  id, fields {name?, group?, note?}, version ('epoch-n' that it must have; absent: any)
--   remove  id
-- Returns JSON {outcome} with 'added', 'changed' or 'removed', or a reason: 'not_found', 'precondition_failed',
-- 'computer_exists' {errors [{line, of}]; of: line of the same file, absent when the list has it}, 'no_licence' {free}.
-- with: computer_place
-- Every managed computer is one member of {sNN}:computers:{cid}; a seat is taken by being in it (S-22).
local command = cjson.decode(ARGV[1])
local now = clock()
local company = load_hash(KEYS[1])
local index = key('computers', command.company)

local function answer(outcome, extra)
    extra = extra or {}
    extra.outcome = outcome
    return cjson.encode(extra)
end

local function holder(at)
    local member = redis.call('ZRANGEBYLEX', index, '[' .. at, '(' .. at .. '\255', 'LIMIT', 0, 1)[1]
    return member and string.sub(member, #at + 1)
end

local function tell(kind, record)
    append({
        type = kind, computer = record.id, company = record.company, bucket = bucket, epoch = tonumber(record.epoch),
        version = tonumber(record.version), command_id = command.command_id, actor = command.actor, time = now,
        record = record,
    })
end

local function count_version(record)
    record.epoch = redis.call('GET', key('epoch')) or '1'
    record.version = text(tonumber(record.version or '0') + 1)
end

local function save(kind, record)
    count_version(record)
    redis.call('HSET', key('computer', record.id), unpack(flat(record)))
    redis.call('ZADD', index, 0, place(record) .. record.id)
    tell(kind, record)
end

local function add()
    local seen, errors = {}, {}
    for _, item in ipairs(command.items) do
        local at = place(item)
        if seen[at] or holder(at) then
            errors[#errors + 1] = {line = item.line, of = seen[at]}
        end
        seen[at] = seen[at] or item.line
    end
    if #errors > 0 then
        return answer('computer_exists', {errors = errors})
    end
    local free = free_seats(company, command.company)
    if free < #command.items then
        return answer('no_licence', {free = math.max(free, 0)})
    end
    for _, item in ipairs(command.items) do
        save('computer.added', {
            id = item.id, company = command.company, name = item.name, group = item.group, note = item.note,
            created_at = text(now),
        })
    end
    return answer('added')
end

local function change_one(record)
    local old = place(record)
    if command.version and command.version ~= record.epoch .. '-' .. record.version then
        return answer('precondition_failed')
    end
    for name, value in pairs(command.fields) do
        record[name] = value
    end
    local other = holder(place(record))
    if other and other ~= record.id then
        return answer('computer_exists')
    end
    redis.call('ZREM', index, old .. record.id)
    save('computer.changed', record)
    return answer('changed')
end

local function remove(record)
    redis.call('ZREM', index, place(record) .. record.id)
    redis.call('DEL', key('computer', record.id))
    count_version(record)
    tell('computer.removed', record)
    return answer('removed')
end

if not company then
    return answer('not_found')
end
if command.verb == 'add' then
    return add()
end
local record = load_hash(key('computer', command.id))
if not record or record.company ~= command.company then
    return answer('not_found')
end
return command.verb == 'change' and change_one(record) or remove(record)
