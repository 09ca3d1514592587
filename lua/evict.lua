#!lua flags=allow-oom
-- evict: completed, failed, cancelled -> gone, when their retention is over. One bounded step. A parent stays until its dependents were
-- told, those that wait for better news last of all.
--
-- KEYS meta       hash   how many completed and failed jobs stay
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      cancelled  zset   ids by finish time (ms)
--      evicting   zset   ids by the time (ms) when their retention ends
--      watched    hash   id -> awaited, or parent and what its state does not tell of its end
--      releasing  hash   finished parent -> what to tell its dependents
--      dependents zset   edges by parent
--      news       events, stream, audience: for announce
--      columns    every hash with a row per job
-- ARGV limit      most jobs to take, 256
--      completed  how many completed jobs stay from now on, '' as before
--      failed     how many failed jobs stay from now on, '' as before
-- REPLY { how many went, how many it took up, ids of those whose dependents are to be told }; as many taken up as the limit and some
--       went: call again
-- HOLDS nothing
-- USES clock, whole, surplus, attend, forget, say, announce
local meta, completed, failed, cancelled, evicting, watched, releasing, dependents =
  unpack(KEYS, 1, 8)
local news = { unpack(KEYS, 9, 11) }
local columns = { unpack(KEYS, 12) }
local limit, keep_completed, keep_failed = unpack(ARGV)

local now, gone, told = clock(), {}, {}
local ids = redis.call('ZRANGE', evicting, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
surplus(ids, meta, 'completed', keep_completed, completed, limit - #ids, watched, evicting, now)
surplus(ids, meta, 'failed', keep_failed, failed, limit - #ids, watched, evicting, now)
if #ids == 0 then return { 0, 0, told } end
local plain = not attend(news, unpack(columns, #columns - 3))
local watches = plain and {} or redis.call('HMGET', watched, unpack(ids))
for i, id in ipairs(ids) do
  local watch = watches[i]
  if not watch or watch == 'awaited' then
    gone[#gone + 1] = id
  elseif redis.call('HEXISTS', releasing, id) == 1 then
    redis.call('ZADD', evicting, now + 60000, id)
  elseif
    #redis.call('ZRANGE', dependents, '[' .. id .. '\t', '(' .. id .. '\n', 'BYLEX', 'LIMIT', 0, 1)
    > 0
  then
    local word = redis.call('ZSCORE', completed, id) and 'completed' or 'evicted'
    redis.call('HSET', releasing, id, word)
    redis.call('ZADD', evicting, now + 900000, id)
    told[#told + 1] = id
  else
    gone[#gone + 1] = id
  end
end
if #gone > 0 then
  for _, set in ipairs({ completed, failed, cancelled, evicting }) do
    redis.call('ZREM', set, unpack(gone))
  end
  forget(columns, gone, plain)
  if news.heard then say(news, 'removed', table.concat(gone, '\nremoved\t')) end
  announce(news, now)
end
return { #gone, #ids, told }
