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
--      events    channel of the ids of watched jobs that ended
--      columns   every hash with a row per job
-- ARGV age       ms for which the jobs stay; 0 not at all, '' for ever
-- EACH id        of the job
--      token     of its claim
--      outcome   JSON, or '' for nothing to keep
-- REPLY a word for each job, blank between them: settled | releasing (settled, and its dependents are to be told) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, clock, leave_active, forget, finish, fill, tell
local active, held, stopping, completed, releasing, evicting, results, events = unpack(KEYS, 1, 8)
local columns = { unpack(KEYS, 9) }
local age = unpack(ARGV)
local ids, tokens, outcomes = column(2, 3), column(3, 3), column(4, 3)

local words, left = leave_active(active, held, stopping, ids, tokens, true)
local keys = { completed, releasing, evicting, events }
local kept, told = finish(keys, columns, ids, left, 'completed', age, clock())
fill(results, ids, outcomes, kept)
return table.concat(tell(words, told), ' ')
