#!lua flags=allow-oom
-- fail: active -> failed, or gone when its retention says so. For a job that has no attempt left.
--
-- KEYS active    hash   id -> token
--      held      hash   lease -> how many jobs it holds
--      stopping  zset   lease and id of active jobs that were asked to stop
--      failed    zset   ids by finish time (ms)
--      releasing hash   finished parent -> what to tell its dependents
--      evicting  zset   ids by the time (ms) when their retention ends
--      attempts  hash   id -> failed attempts
--      failures  hash   id -> failures, a line each, the newest first
--      news      events, stream, audience: for announce
--      columns   every hash with a row per job
-- ARGV age       ms for which the jobs stay; 0 not at all, '' for ever
-- EACH id        of the job
--      token     of its claim
--      attempts  failed so far, this one included; 0 for a job that never failed, only its workers
--      failure   JSON on one line
-- REPLY a word for each job, blank between them, or one for all: settled | releasing (settled, and its dependents are to be told) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, clock, attend, say, forget, tell_ends, finish, fill, blame, announce, tell
local active, held, stopping, failed, releasing, evicting, attempts, failures = unpack(KEYS, 1, 8)
local news = { unpack(KEYS, 9, 11) }
local columns = { unpack(KEYS, 12) }
local age = unpack(ARGV)
local ids, tokens, tries, lines = column(2, 1), column(2, 2), column(2, 3), column(2, 4)

local words, left = leave_active(active, held, stopping, ids, tokens, true)
local keys, now = { failed, releasing, evicting }, clock()
local kept, told = finish(keys, news, columns, ids, left, 'failed', age, now, lines)
local counted = {}
for _, i in ipairs(kept) do
  counted[#counted + 1] = tries[i] ~= '0' and i or nil
end
fill(attempts, ids, tries, counted)
blame(failures, ids, lines, kept)
announce(news, now)
return table.concat(tell(words, told, #ids), ' ')
