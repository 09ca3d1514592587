#!lua flags=allow-oom
-- watch: somebody awaits these jobs: their end is published, and they stay for a minute then.
--
-- KEYS jobs      hash   id -> record
--      traits    hash   id -> what scripts must know of a job
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
--      watched   hash   id -> awaited, or parent and what its state does not tell of its end
-- EACH id        of the job
-- REPLY a word for each job, blank between them: watched | finished | unknown
-- HOLDS a subscription to events
-- USES column, ended, attend, known
local jobs, traits, completed, failed, cancelled, watched = unpack(KEYS)
local ids = column(1, 1)

local words, stored = {}, known(jobs, traits, ids)
for i, id in ipairs(ids) do
  local over = stored[i] and ended({ completed, failed, cancelled }, id)
  words[i] = not stored[i] and 'unknown' or over and 'finished' or 'watched'
  if words[i] == 'watched' then redis.call('HSETNX', watched, id, 'awaited') end
end
return table.concat(words, ' ')
