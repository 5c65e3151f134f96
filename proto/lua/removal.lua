-- removal: what became of the program on the PC. Run by activation (signed receipt: 'removed') and licensing
-- (none came within removal_ms, 24 h, after the end: 'unconfirmed'; one that comes later still counts).
-- KEYS[1] session record. ARGV: 1 'removed' or 'unconfirmed', 2 time on the PC (removed).
-- Returns 'ok', 'already', 'not_found', 'wrong_state' or 'early'.
local record = load_hash(KEYS[1])
if not record then
    return 'not_found'
end
if record.removal == 'removed' or record.removal == ARGV[1] then
    not_due('removal', record)
    return 'already'
end
if record.state ~= 'ended' or record.removal == 'none' then
    return 'wrong_state'
end
local now = clock()
if ARGV[1] == 'unconfirmed' and now < tonumber(record.ended_at) + tonumber(record.removal_ms or REMOVAL_MS) then
    return 'early'
end
not_due('removal', record)
local fields = {removal = ARGV[1]}
if ARGV[1] == 'removed' then
    fields.removed_at = text(now)
end
change('session.removal', record, fields, {actor = {type = 'program', id = record.id}, now = now})
return 'ok'
