#!lua flags=allow-oom
-- list: ids of one state by position, one bounded range. Waiting ones are entries, some of which may be void.
--
-- KEYS active     hash   id -> token
--      suspects   zset   ids by the time of loss (ms)
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      jobs       hash   id -> record
--      delayed    zset   ids by due time (ms)
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      deferred   zset   ids by the time of their next check (ms)
--      cancelled  zset   ids by finish time (ms)
-- ARGV state      waiting | delayed | completed | failed | deferred | cancelled
--      start      first position
--      stop       last position, 1,000 in all at most
--      order      oldest: from what is oldest or runs first | newest: from the other end
--      age        only those that finished at least so many ms ago, from the oldest on, '' for all; start and stop count these
-- REPLY { ids, those among them that have nothing but void entries }
-- HOLDS nothing
-- USES clock, waits, voids
local active, suspects, waiting, tombstones, jobs = unpack(KEYS, 1, 5)
local delayed, completed, failed, deferred, cancelled = unpack(KEYS, 6)
local state, start, stop, order, age = unpack(ARGV)
local sets = { delayed = delayed, completed = completed, failed = failed }
sets.deferred, sets.cancelled = deferred, cancelled
local set, newest, ids = sets[state], order == 'newest', {}

if set then
  local old = age ~= '' and redis.call('ZCOUNT', set, '-inf', clock() - age) or math.huge
  local to = math.min(stop, old - 1)
  if to < tonumber(start) then return { ids, {} } end
  return { redis.call('ZRANGE', set, start, to, unpack(newest and { 'REV' } or {})), {} }
end
-- Suspects stand before the list; positions from the other end become positions from here.
local before = redis.call('ZCARD', suspects)
local last = before + redis.call('LLEN', waiting) - 1
local from = newest and math.max(0, last - stop) or tonumber(start)
local to = newest and last - start or tonumber(stop)
local page = from < before and to >= 0 and redis.call('ZRANGE', suspects, from, to) or {}
local first = math.max(0, from - before)
for _, id in ipairs(to >= before and redis.call('LRANGE', waiting, first, to - before) or {}) do
  page[#page + 1] = id
end
for n, id in ipairs(page) do
  ids[newest and #page + 1 - n or n] = id
end
local elsewhere = { delayed, completed, failed, deferred, cancelled }
return { ids, voids(jobs, active, elsewhere, tombstones, page) }
