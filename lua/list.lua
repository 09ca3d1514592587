#!lua flags=allow-oom
-- list: ids of one state by position, one bounded range. Waiting ids may be void entries; the reader checks each job.
--
-- KEYS active    hash   id -> token
--      suspects  zset   ids by the time of loss
--      waiting   list   ids
--      delayed   zset   ids by due time
--      completed zset   ids by finish time
--      failed    zset   ids by finish time
--      deferred  zset   ids by the time of their next check
--      cancelled zset   ids by finish time
-- ARGV state     waiting | delayed | active | completed | failed | deferred | cancelled
--      start     first position; of active jobs, which have no order, a cursor
--      stop      last position; of active jobs ignored
--      age       only those that finished at least so many ms ago, '' for all; start and stop count these
-- REPLY { 0, or the cursor to go on from, ids }
-- HOLDS nothing
-- USES clock
local active, suspects, waiting, delayed, completed, failed, deferred, cancelled = unpack(KEYS)
local state, start, stop, age = unpack(ARGV)
local sets = { delayed = delayed, completed = completed, failed = failed }
sets.deferred, sets.cancelled = deferred, cancelled

if sets[state] and age == '' then return { '0', redis.call('ZRANGE', sets[state], start, stop) } end
if sets[state] then
  local oldest, most = clock() - age, stop - start + 1
  return { '0', redis.call('ZRANGE', sets[state], '-inf', oldest, 'BYSCORE', 'LIMIT', start, most) }
end
if state == 'active' then
  local page = redis.call('HSCAN', active, start, 'COUNT', 200)
  local ids = {}
  for at = 1, #page[2], 2 do
    ids[#ids + 1] = page[2][at]
  end
  return { page[1], ids }
end
local before = redis.call('ZCARD', suspects)
local ids = redis.call('ZRANGE', suspects, start, stop)
if tonumber(stop) < before then return { '0', ids } end
for _, id in ipairs(redis.call('LRANGE', waiting, math.max(0, start - before), stop - before)) do
  ids[#ids + 1] = id
end
return { '0', ids }
