-- mail: the state of the invitation's mail. Run by invitations.
-- KEYS[1] session record. ARGV: 1 generation the mail was for, 2 'sent', 'mail_delayed' or 'mail_rejected',
-- 3 milliseconds until the next try (mail_delayed).
-- Returns 1, or 0 when the generation is over, the session is not invited any more, or the mail's state is final.
local record = load_hash(KEYS[1])
if not record or record.state ~= 'invited' or record.generation ~= ARGV[1] or
    (record.mail_state ~= 'queued' and record.mail_state ~= 'mail_delayed') then
    return 0
end
local now = clock()
local fields = {mail_state = ARGV[2], mail_tries = text(tonumber(record.mail_tries) + 1)}
if ARGV[2] == 'mail_delayed' then
    due('mail', record, now + tonumber(ARGV[3]))
else
    not_due('mail', record)
end
if ARGV[2] == 'sent' then
    fields.mail_sent_at = text(now)
end
change('session.mail', record, fields, {actor = {type = 'service', id = 'invitations'}, now = now})
return 1
