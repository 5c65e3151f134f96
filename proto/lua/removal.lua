-- removal: what became of the program on the PC. Run by activation (signed receipt: 'removed') and licensing
-- (24 h after the end without one: 'unconfirmed').
-- KEYS[1] session record. ARGV: 1 'removed' or 'unconfirmed', 2 command id ('' without one).
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
if ARGV[1] == 'unconfirmed' and now < tonumber(record.ended_at) + REMOVAL_MS then
    return 'early'
end
not_due('removal', record)
local fields = {removal = ARGV[1]}
local actor = {type = 'service', id = 'licensing'}
if ARGV[1] == 'removed' then
    fields.removed_at = text(now)
    actor = {type = 'program', id = record.id}
end
change('session.removal', record, fields, {command_id = given(ARGV[2]), actor = actor, now = now})
return 'ok'
