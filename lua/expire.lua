#!lua flags=allow-oom
-- expire: waiting, delayed, deferred, and not started by the end of its ttl -> failed, or gone when its retention says so. One bounded step.
--
-- KEYS jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      active     hash   id -> token
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      delayed    zset   ids by due time (ms)
--      deferred   zset   ids by the time of their next check (ms)
--      awaiting   zset   edges by child
--      suspects   zset   ids by the time of loss (ms)
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      cancelled  zset   ids by finish time (ms)
--      releasing  hash   finished parent -> what to tell its dependents
--      evicting   zset   ids by the time (ms) when their retention ends
--      failures   hash   id -> failures, a line each, the newest first
--      news       events, stream, audience: for announce
--      columns    every hash with a row per job
-- ARGV limit      most jobs to take, 256
--      failure    JSON on one line
-- REPLY { ids, ids of those whose dependents are to be told }; with any ids: call again, since edges bound a step too
-- HOLDS nothing
-- USES clock, cut, withdraw, retention, attend, say, forget, tell_ends, finish, fill, blame, conclude, drop_void, announce
local jobs, traits, active, expiring, delayed, deferred, awaiting, suspects = unpack(KEYS, 1, 8)
local waiting, tombstones, completed, failed, cancelled = unpack(KEYS, 9, 13)
local releasing, evicting, failures = unpack(KEYS, 14, 16)
local news = { unpack(KEYS, 17, 19) }
local columns = { unpack(KEYS, 20) }
local limit, failure = unpack(ARGV)

local now, told, edges, ids, all, lines = clock(), {}, 0, {}, {}, {}
local due = redis.call('ZRANGE', expiring, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
if #due == 0 then return { due, told } end
local sets = redis.call('EXISTS', suspects) == 1 and { delayed, suspects } or { delayed }
for i, id in ipairs(due) do
  if edges >= 1000 then break end
  ids[i], all[i], lines[i] = id, i, failure
  edges = edges + withdraw(sets, { deferred, awaiting, expiring }, tombstones, id)
end
local keys, flags = { failed, releasing, evicting }, redis.call('HMGET', traits, unpack(ids))
for i in pairs(conclude(keys, failures, news, columns, ids, flags, lines, all, 'failed', now)) do
  told[#told + 1] = ids[i]
end
local elsewhere = { delayed, deferred, suspects, completed, failed, cancelled }
drop_void(jobs, active, elsewhere, waiting, tombstones)
announce(news, now)
return { ids, told }
