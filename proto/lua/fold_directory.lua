-- fold_directory: a company, person, API key or webhook as the sealed topic has it, unless Redis knows a later version. Run by CLI
-- (`rebuild`).
-- KEYS[1] the hash. ARGV[1] JSON {kind, id, name, company, version, fields}; without fields it was removed.
-- Returns 'folded', 'known', or 'orphan': a key whose person is gone.
-- with: directory_index
local what = cjson.decode(ARGV[1])
local known = load_hash(KEYS[1])
if known and tonumber(known.version or '0') >= what.version then
    return 'known'
end
if what.kind == 'key' and what.fields and redis.call('EXISTS', key('technician', what.fields.technician)) == 0 then
    return 'orphan'
end
if known or what.fields then
    index_entity(what, known, what.fields)
end
redis.call('DEL', KEYS[1])
if what.fields then
    redis.call('HSET', KEYS[1], unpack(flat(what.fields)))
    if what.kind == 'technician' and (what.fields.reset or '') ~= '' then
        redis.call('SET', key('activate-account', what.fields.reset), what.name, 'PX', text(3 * 24 * 3600 * 1000))
    end
elseif what.kind == 'technician' then
    remove_keys(what.company, what.name)
end
return 'folded'
