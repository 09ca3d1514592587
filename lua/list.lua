#!lua flags=allow-oom
-- list: ids of one state by position, one bounded range. Waiting ids may be void entries; the reader checks each job.
--
-- KEYS active    hash   id -> token
--      suspects  zset   ids by the time of loss
--      waiting   list   ids
--      delayed   zset   ids by due time
--      completed zset   ids by finish time
--      failed    zset   ids by finish time
-- ARGV state     waiting | delayed | active | completed | failed
--      start     first position; of active jobs, which have no order, a cursor
--      stop      last position; of active jobs ignored
-- REPLY { 0, or the cursor to go on from, ids }
-- HOLDS nothing
local active, suspects, waiting, delayed, completed, failed = unpack(KEYS)
local state, start, stop = unpack(ARGV)
local sets = { delayed = delayed, completed = completed, failed = failed }

if sets[state] then return { '0', redis.call('ZRANGE', sets[state], start, stop) } end
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
