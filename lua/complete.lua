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
--      retention keep | drop
--      outcome   JSON, stored when kept
-- REPLY a word for each job, blank between them: settled | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, clock, leave_active, forget, finish, fill
local active, held, completed, results = unpack(KEYS, 1, 4)
local columns = { unpack(KEYS, 5) }
local ids, tokens, retentions, outcomes = column(1, 4), column(2, 4), column(3, 4), column(4, 4)

local words, left = leave_active(active, held, ids, tokens)
local kept = finish(completed, columns, ids, retentions, left)
fill(results, ids, outcomes, kept)
return table.concat(words, ' ')
