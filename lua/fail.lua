#!lua flags=allow-oom
-- fail: active -> failed, or gone when its retention says so. For a job that has no attempt left.
--
-- KEYS active    hash   id -> token
--      held      hash   lease -> how many jobs it holds
--      failed    zset   ids by finish time (ms)
--      attempts  hash   id -> failed attempts
--      results   hash   id -> failures, a line each, the newest first
--      columns   every hash with a row per job
-- EACH id        of the job
--      token     of its claim
--      attempts  failed so far, this one included; 0 for a job that never failed, only its workers
--      failure   JSON on one line; '' to forget the job
-- REPLY a word for each job, blank between them: settled | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, clock, leave_active, forget, finish, fill, blame
local active, held, failed, attempts, results = unpack(KEYS, 1, 5)
local columns = { unpack(KEYS, 6) }
local ids, tokens, tries, failures = column(1, 4), column(2, 4), column(3, 4), column(4, 4)

local words, left = leave_active(active, held, ids, tokens)
local kept = finish(failed, columns, ids, failures, left)
local counted = {}
for _, i in ipairs(kept) do
  counted[#counted + 1] = tries[i] ~= '0' and i or nil
end
fill(attempts, ids, tries, counted)
blame(results, ids, failures, kept)
return table.concat(words, ' ')
