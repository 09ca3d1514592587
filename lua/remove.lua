#!lua flags=allow-oom
-- remove: any state but active -> gone.
--
-- KEYS calls      hash   caller and script -> last call number, time, reply
--      jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      active     hash   id -> token
--      delayed    zset   ids by due time (ms)
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      suspects   zset   ids by the time of loss (ms)
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      columns    every hash with a row per job
-- ARGV call       the caller's row in calls
--      number     of this call
-- EACH id         of the job
-- REPLY a word for each job, blank between them: removed | active | unknown; or stale
-- HOLDS nothing; one call in flight per caller
-- USES column, clock, answered, remember, known, forget
local calls, jobs, traits, active, delayed, completed, failed, suspects, waiting, tombstones =
  unpack(KEYS, 1, 10)
local columns, sets = { unpack(KEYS, 11) }, { delayed, completed, failed, suspects }
local call, number = unpack(ARGV)
local ids = column(3, 1)

local before = answered(calls, call, number)
if before then return before end
local stored, tokens = known(jobs, traits, ids), redis.call('HMGET', active, unpack(ids))
local words, gone, seen = {}, {}, {}
for i, id in ipairs(ids) do
  words[i] = (not stored[i] or seen[id]) and 'unknown' or tokens[i] and 'active' or 'removed'
  seen[id] = true
  gone[#gone + 1] = words[i] == 'removed' and id or nil
end

for _, id in ipairs(gone) do
  local found = 0
  for _, set in ipairs(sets) do
    found = found == 0 and redis.call('ZREM', set, id) or found
  end
  if found == 0 then redis.call('HINCRBY', tombstones, id, 1) end
end
if #gone > 0 then forget(columns, gone) end
local others = redis.call('HLEN', active)
for _, set in ipairs(sets) do
  others = others + redis.call('ZCARD', set)
end
if redis.call('HLEN', jobs) == others then redis.call('UNLINK', waiting, tombstones) end
return remember(calls, call, number, clock(), table.concat(words, ' '))
