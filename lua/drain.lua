#!lua flags=allow-oom
-- drain: waiting (and delayed, when asked) -> gone, one bounded step. A job that has dependents becomes cancelled until they were told.
--
-- KEYS waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      suspects   zset   ids by the time of loss
--      delayed    zset   ids by due time
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      cancelled  zset   ids by finish time (ms)
--      watched    hash   id -> parent | awaited
--      releasing  hash   finished parent -> what to tell its dependents
--      evicting   zset   ids by the time (ms) when their retention ends
--      events     channel of the ids of watched jobs that ended
--      columns    every hash with a row per job
-- ARGV limit      most jobs to take from each
--      delayed    1 to drain delayed jobs too
-- REPLY { how many went, more | done, ids of those whose dependents are to be told }
-- HOLDS nothing
-- USES clock, take, forget, ended, discard
local waiting, tombstones, suspects, delayed, expiring = unpack(KEYS, 1, 5)
local cancelled, watched, releasing, evicting, events = unpack(KEYS, 6, 10)
local columns = { unpack(KEYS, 11) }
local limit, with_delayed = unpack(ARGV)

local ids, all, parents = take(waiting, tombstones, tonumber(limit)), {}, {}
local sets = with_delayed == '1' and { suspects, delayed } or { suspects }
for _, set in ipairs(sets) do
  local popped = redis.call('ZPOPMIN', set, limit)
  for at = 1, #popped, 2 do
    ids[#ids + 1] = popped[at]
  end
end
local rare, watch = redis.call('EXISTS', expiring, watched, columns[#columns - 1]) > 0, {}
-- Expired jobs whose entries a claim has taken wait without one (see timely).
local late = rare and redis.call('ZRANGE', expiring, 0, 0, 'BYSCORE', 'LIMIT', 0, limit) or {}
for _, id in ipairs(late) do
  ids[#ids + 1] = id
end
for i in ipairs(ids) do
  all[i] = i
end
if rare and #ids > 0 then
  redis.call('ZREM', expiring, unpack(ids))
  watch = redis.call('HMGET', watched, unpack(ids))
end
local keys = { cancelled, releasing, evicting, events }
for i in pairs(discard(keys, {}, columns, ids, all, watch, rare and clock(), not rare)) do
  parents[#parents + 1] = ids[i]
end
local more = #ids > 0 or redis.call('EXISTS', waiting) == 1
return { #ids, more and 'more' or 'done', parents }
