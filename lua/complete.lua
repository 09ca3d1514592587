#!lua flags=allow-oom
-- complete: active -> completed, or gone when its retention says so.
--
-- KEYS active    hash   id -> token
--      held      hash   lease -> how many jobs it holds
--      completed zset   ids by finish time (ms)
--      results   hash   id -> outcome
--      columns   every hash with a row per job
-- EACH id        of the job
--      token     of its claim
--      outcome   JSON; '' to forget the job
-- REPLY a word for each job, blank between them: settled | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, clock, leave_active, forget, finish, fill
local active, held, completed, results = unpack(KEYS, 1, 4)
local columns = { unpack(KEYS, 5) }
local ids, tokens, outcomes = column(1, 3), column(2, 3), column(3, 3)

local words, left = leave_active(active, held, ids, tokens)
local kept = finish(completed, columns, ids, outcomes, left)
fill(results, ids, outcomes, kept)
return table.concat(words, ' ')
