-- report: what the program or the install page saw and why the program refused; no change of state. Run by activation.
-- KEYS[1] session record. ARGV: 1 JSON object of checks to merge, 2 '1' when the two ends have paired, 3 a reason that the
-- program gives ('' none), 4 its detail, 5 'checks' (nothing but them), 'set_up' (the reason stands in the record until
-- it is overcome), 'overcome' (nothing stands in the way any more) or 'event' (the reason is only told), 6 the PC's address.
-- Returns 1 when something was told, else 0. A program that tells without end is not listened to after TOLD_MAX.
local TOLD_MAX = 1000
local record = load_hash(KEYS[1])
if not record or record.state == 'ended' or tonumber(record.told or '0') >= TOLD_MAX then
    return 0
end
local now = clock()
local cause = {actor = program_actor(record, ARGV[6]), now = now}
if ARGV[3] ~= '' then
    cause.refused = ARGV[3]
end
if ARGV[5] == 'event' then
    record.told = text(redis.call('HINCRBY', KEYS[1], 'told', 1))
    emit('session.reported', record, cause, cause.refused)
    return 1
end

local checks, times = cjson.decode(record.checks or '{}'), cjson.decode(record.check_times or '{}')
local fields, changed = {}, false
local function set(name, value)
    if (record[name] or '') ~= value then
        fields[name] = value
        changed = true
    end
end
for name, value in pairs(cjson.decode(ARGV[1])) do
    if checks[name] ~= value then
        checks[name], times[name] = value, now
        set('checks', cjson.encode(checks))
    end
end
if ARGV[2] == '1' and record.paired ~= '1' and record.state == 'active' then
    times.paired = now
    set('paired', '1')
end
if ARGV[5] == 'set_up' then
    set('setup_reason', ARGV[3])
    set('setup_detail', ARGV[4])
elseif ARGV[5] == 'overcome' then
    set('setup_reason', '')
    set('setup_detail', '')
end
if not changed then
    return 0
end
fields.check_times = cjson.encode(times)
fields.told = text(tonumber(record.told or '0') + 1)
change('session.reported', record, fields, cause)
return 1
