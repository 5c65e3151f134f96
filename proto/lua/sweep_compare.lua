-- sweep_compare: has this bucket all that Kafka has of it? The newest event that Kafka has is one whose leaving the outbox was noted
-- ({sNN}:journaled), or it waits there still. Later ids alone prove nothing: somebody may have written to an older copy.
-- KEYS[1] {sNN}:journaled. ARGV[1] the newest outbox id that the topics have, '0-0': none; then the mark is made.
-- Returns 1 or 0.
-- with: outbox_id
if ARGV[1] == '0-0' then
    redis.call('SET', KEYS[1], '0-0', 'NX')
end
local mark = redis.call('GET', KEYS[1])
if not mark then
    return 0
end
return (not is_later(ARGV[1], mark) or #redis.call('XRANGE', key('outbox'), ARGV[1], ARGV[1]) == 1) and 1 or 0
