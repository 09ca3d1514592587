#!lua flags=allow-oom
-- reckon: what the queue says of itself as a whole, at one moment.
--
-- KEYS meta       hash   schema version, last token number, paused, time of the last sweep (ms), what retention counts
--      jobs       hash   id -> record
--      active     hash   id -> token
--      suspects   zset   ids by the time of loss (ms)
--      delayed    zset   ids by due time (ms)
--      deferred   zset   ids by the time of their next check (ms)
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      cancelled  zset   ids by finish time (ms)
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      evicting   zset   ids by the time (ms) when their retention ends
--      releasing  hash   finished parent -> what to tell its dependents
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      held       hash   lease -> how many jobs it holds
--      leases     zset   lease by deadline (ms), 0 for a dead one
--      wake       list   the marker
-- REPLY { time (ms); schema, token, paused, swept, keep and skip of completed and failed; how many are in jobs to cancelled; how many expired
--       ones have no entry in waiting; entries of waiting; rows of tombstones and their sum; rows of releasing; the sum of held; live
--       leases, those dead or at their deadline and past it, the farthest deadline; markers; the earliest of delayed, deferred, expiring,
--       evicting }; a sum is -1 when there are more than 1,000 rows
-- HOLDS nothing
-- USES clock
local meta, jobs, active, suspects, delayed, deferred, completed, failed, cancelled =
  unpack(KEYS, 1, 9)
local expiring, evicting, releasing, waiting, tombstones, held, leases, wake = unpack(KEYS, 10)

local now = clock()
local function sum(key)
  local total = redis.call('HLEN', key) > 1000 and -1 or 0
  local page = total == 0 and redis.call('HRANDFIELD', key, 1000, 'WITHVALUES') or {}
  for at = 2, #page, 2 do
    total = total + (tonumber(page[at]) or 0)
  end
  return total
end
local function first(set) return redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2] or false end
local retained = { 'keep completed', 'keep failed', 'skip completed', 'skip failed' }
local marks = redis.call('HMGET', meta, 'schema', 'token', 'paused', 'swept', unpack(retained))
local sizes = { redis.call('HLEN', jobs), redis.call('HLEN', active) }
for _, set in ipairs({ suspects, delayed, deferred, completed, failed, cancelled }) do
  sizes[#sizes + 1] = redis.call('ZCARD', set)
end
sizes[#sizes + 1] = redis.call('ZCOUNT', expiring, 0, 0)
sizes[#sizes + 1] = redis.call('LLEN', waiting)
for _, size in ipairs({
  redis.call('HLEN', tombstones),
  sum(tombstones),
  redis.call('HLEN', releasing),
  sum(held),
  redis.call('ZCOUNT', leases, string.format('(%.0f', now), '+inf'),
  redis.call('ZCOUNT', leases, '-inf', now),
  redis.call('ZREVRANGE', leases, 0, 0, 'WITHSCORES')[2] or 0,
  redis.call('LLEN', wake),
}) do
  sizes[#sizes + 1] = size
end
return { now, marks, sizes, { first(delayed), first(deferred), first(expiring), first(evicting) } }
