#!lua flags=allow-oom
-- requeue: completed, failed -> waiting, with attempts, losses and outcome cleared.
--
-- KEYS calls     hash   caller and script -> last call number, time, reply
--      jobs      hash   id -> record
--      traits    hash   id -> what scripts must know of a job
--      attempts  hash   id -> failed attempts
--      stalls    hash   id -> times lost with a worker
--      results   hash   id -> outcome
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      waiting   list   ids
--      wake      list   the marker
-- ARGV call      the caller's row in calls
--      number    of this call
-- EACH id        of the job
-- REPLY a word for each job, blank between them: requeued | unfinished | unknown; or stale
-- HOLDS nothing; one call in flight per caller
-- USES column, clock, answered, remember, known, forget, mark, push
local calls, jobs, traits, attempts, stalls, results, completed, failed, waiting, wake =
  unpack(KEYS)
local call, number = unpack(ARGV)
local ids = column(3, 1)

local before = answered(calls, call, number)
if before then return before end
local stored, words, again = known(jobs, traits, ids), {}, {}

for i, id in ipairs(ids) do
  local ended = redis.call('ZREM', completed, id) + redis.call('ZREM', failed, id) > 0
  words[i] = ended and 'requeued' or stored[i] and 'unfinished' or 'unknown'
  again[#again + 1] = ended and i or nil
  if ended then forget({ attempts, stalls, results }, { id }) end
end
push(waiting, wake, ids, redis.call('HMGET', traits, unpack(ids)), again)
return remember(calls, call, number, clock(), table.concat(words, ' '))
