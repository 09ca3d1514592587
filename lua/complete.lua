#!lua flags=allow-oom
-- complete: active -> completed, or gone when its retention says so.
--
-- KEYS active    hash   id -> token
--      held      hash   lease -> how many jobs it holds
--      stopping  zset   lease and id of active jobs that were asked to stop
--      completed zset   ids by finish time (ms)
--      releasing hash   finished parent -> what to tell its dependents
--      evicting  zset   ids by the time (ms) when their retention ends
--      results   hash   id -> outcome
--      news      events, stream, audience: for announce
--      columns   every hash with a row per job
-- ARGV age       ms for which the jobs stay; 0 not at all, '' for ever
-- EACH id        of the job
--      token     of its claim
--      outcome   JSON, or '' for nothing to keep
-- REPLY a word for each job, blank between them, or one for all: settled | releasing (settled, and its dependents are to be told) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, clock, attend, say, forget, tell_ends, finish, fill, announce, tell
local active, held, stopping, completed, releasing, evicting, results = unpack(KEYS, 1, 7)
local news = { unpack(KEYS, 8, 10) }
local columns = { unpack(KEYS, 11) }
local age = unpack(ARGV)
local ids, tokens, outcomes = column(2, 1), column(2, 2), column(2, 3)

local words, left = leave_active(active, held, stopping, ids, tokens, true)
local keys, now = { completed, releasing, evicting }, clock()
local kept, told = finish(keys, news, columns, ids, left, 'completed', age, now, outcomes)
fill(results, ids, outcomes, kept)
announce(news, now)
return table.concat(tell(words, told, #ids), ' ')
