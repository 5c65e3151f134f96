-- report: what the program or the install page saw; no change of state. Run by activation and gateway.
-- KEYS[1] session record. ARGV: 1 JSON object of checks to merge, 2 '1' when the two ends have paired, 3 the PC's address.
-- Returns 1 when something changed, else 0.
local record = load_hash(KEYS[1])
if not record or record.state == 'ended' then
    return 0
end
local checks = cjson.decode(record.checks or '{}')
local changed = false
for name, value in pairs(cjson.decode(ARGV[1])) do
    if checks[name] ~= value then
        checks[name] = value
        changed = true
    end
end
local fields = {}
if changed then
    fields.checks = cjson.encode(checks)
end
if ARGV[2] == '1' and record.paired ~= '1' and record.state == 'active' then
    fields.paired = '1'
    changed = true
end
if not changed then
    return 0
end
change('session.reported', record, fields, {actor = program_actor(record, ARGV[3]), now = clock()})
return 1
