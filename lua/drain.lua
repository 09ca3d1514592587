#!lua flags=allow-oom
-- drain: waiting (and delayed, when asked) -> gone, one bounded step. A job that has dependents becomes cancelled until they were told.
-- It is numbered: an old copy would take jobs that were added since.
--
-- KEYS calls      hash   caller and script -> last call number, time, reply
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      suspects   zset   ids by the time of loss (ms)
--      delayed    zset   ids by due time (ms)
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      cancelled  zset   ids by finish time (ms)
--      watched    hash   id -> awaited, or parent and what its state does not tell of its end
--      releasing  hash   finished parent -> what to tell its dependents
--      evicting   zset   ids by the time (ms) when their retention ends
--      news       events, stream, audience: for announce
--      columns    every hash with a row per job
-- ARGV call       the caller's row in calls
--      number     of this call
--      limit      most jobs to take from each
--      delayed    1 to drain delayed jobs too
-- REPLY a line: how many went and more | done; then ids of those whose dependents are to be told, a line each; or stale
-- HOLDS nothing; one call in flight per caller
-- USES answered, take, attend, clock, ended, say, forget, discard, announce, remember
local calls, waiting, tombstones, suspects, delayed, expiring = unpack(KEYS, 1, 6)
local cancelled, watched, releasing, evicting = unpack(KEYS, 7, 10)
local news = { unpack(KEYS, 11, 13) }
local columns = { unpack(KEYS, 14) }
local call, number, limit, with_delayed = unpack(ARGV)

local before = answered(calls, call, number)
if before then return before end

local ids, all, parents = take(waiting, tombstones, tonumber(limit)), {}, {}
local sets = with_delayed == '1' and { suspects, delayed } or { suspects }
for _, set in ipairs(sets) do
  local popped = redis.call('ZPOPMIN', set, limit)
  for at = 1, #popped, 2 do
    ids[#ids + 1] = popped[at]
  end
end
local rare, watch = attend(news, expiring, unpack(columns, #columns - 3)), {}
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
local keys, now = { cancelled, releasing, evicting }, clock()
for i in pairs(discard(keys, news, {}, columns, ids, all, watch, now, not rare)) do
  parents[#parents + 1] = ids[i]
end
announce(news, now)
local more = #ids > 0 or redis.call('EXISTS', waiting) == 1
local reply = { #ids .. (more and ' more' or ' done'), unpack(parents) }
return remember(calls, call, number, now, table.concat(reply, '\n'))
