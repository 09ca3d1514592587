#!lua flags=allow-oom
-- examine: all that the keys of the queue say of some jobs, at one moment.
--
-- KEYS meta       hash   last token number
--      jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      watched    hash   id -> awaited, or parent and what its state does not tell of its end
--      releasing  hash   finished parent -> what to tell its dependents
--      tombstones hash   id -> how many of its entries in waiting are void
--      active     hash   id -> token
--      leases     zset   lease by deadline (ms), 0 for a dead one
--      stopping   zset   lease and id of active jobs that were asked to stop
--      awaiting   zset   edges by child
--      dependents zset   edges by parent
--      delayed    zset   ids by due time (ms)
--      deferred   zset   ids by the time of their next check (ms)
--      suspects   zset   ids by the time of loss (ms)
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      cancelled  zset   ids by finish time (ms)
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      evicting   zset   ids by the time (ms) when their retention ends
--      columns    every hash with a row per job
-- EACH id         of the job
--      lease      under which stopping may name it; '' for that of its token
-- REPLY { time (ms), last token number or nil, then lists beside each other: bytes of its record, -1 without one; columns that have a row of
--       one without a record, by place; deadline of its token's lease; whether stopping names it; how many edges it waits for, 1 at most;
--       how many wait for it; its rows of traits, watched, releasing, tombstones, active; its scores in delayed to evicting }, empty lists
--       for keys that are not there
-- HOLDS nothing
-- USES column, clock, rows, leftovers
local meta, jobs, traits, watched, releasing, tombstones, active, leases, stopping, awaiting, dependents =
  unpack(KEYS, 1, 11)
local delayed, deferred, suspects, completed, failed, cancelled, expiring, evicting =
  unpack(KEYS, 12, 19)
local columns = { unpack(KEYS, 20) }
local ids, hints = column(1, 1), column(1, 2)

local edges = redis.call('EXISTS', awaiting, dependents) > 0
local sizes, strays, deadlines, stops, open, behind = {}, {}, {}, {}, {}, {}
local tokens = rows(active, ids)
for i, id in ipairs(ids) do
  local first, last = '[' .. id .. '\t', '(' .. id .. '\n'
  local lease = tokens[i] and tokens[i]:match('^[^:!]*')
  local named = hints[i] ~= '' and hints[i] or lease
  sizes[i], strays[i] = leftovers(jobs, columns, id)
  deadlines[i] = lease and redis.call('ZSCORE', leases, lease)
  stops[i] = named and redis.call('ZSCORE', stopping, named .. '\t' .. id) and 1 or 0
  open[i] = edges and #redis.call('ZRANGE', awaiting, first, last, 'BYLEX', 'LIMIT', 0, 1) or 0
  behind[i] = edges and redis.call('ZLEXCOUNT', dependents, first, last) or 0
end
local reply =
  { clock(), redis.call('HGET', meta, 'token'), sizes, strays, deadlines, stops, open, behind }
local function told(key, command)
  reply[#reply + 1] = redis.call('EXISTS', key) == 1 and redis.call(command, key, unpack(ids)) or {}
end
for _, key in ipairs({ traits, watched, releasing, tombstones, active }) do
  told(key, 'HMGET')
end
for _, set in ipairs({ delayed, deferred, suspects, completed, failed, cancelled }) do
  told(set, 'ZMSCORE')
end
told(expiring, 'ZMSCORE')
told(evicting, 'ZMSCORE')
return reply
