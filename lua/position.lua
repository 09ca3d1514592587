#!lua flags=allow-oom
-- position: how many waiting jobs and void entries are before a job, one bounded step from the tail towards the head. The tail only
-- grows, so a job that waits throughout is found.
--
-- KEYS jobs       hash   id -> record
--      active     hash   id -> token
--      suspects   zset   ids by the time of loss (ms)
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      delayed    zset   ids by due time (ms)
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      deferred   zset   ids by the time of their next check (ms)
--      cancelled  zset   ids by finish time (ms)
-- ARGV id         of the job
--      at         how many entries from the tail to begin; the first step, at 0, looks at the head too
--      limit      most entries to look at, an even number; the first step looks at half of them at each end
-- REPLY { found, position } | { more, where the next step begins } | { elsewhere }
-- HOLDS nothing
-- USES waits
local jobs, active, suspects, waiting, tombstones = unpack(KEYS, 1, 5)
local delayed, completed, failed, deferred, cancelled = unpack(KEYS, 6)
local id, at, limit = unpack(ARGV)
local elsewhere = { delayed, completed, failed, deferred, cancelled }

if not waits(jobs, active, elsewhere, { id })[1] then return { 'elsewhere' } end
local rank, before = redis.call('ZRANK', suspects, id), redis.call('ZCARD', suspects)
if rank then return { 'found', rank } end
-- The entry nearest to the tail is the live one.
local room = at == '0' and math.ceil(limit / 2) or tonumber(limit)
if at == '0' and redis.call('HEXISTS', tombstones, id) == 0 then
  local index = redis.call('LPOS', waiting, id, 'MAXLEN', room)
  if index then return { 'found', before + index } end
end
local entries = redis.call('LRANGE', waiting, -(at + room), -(at + 1))
for n = #entries, 1, -1 do
  if entries[n] == id then
    local distance = at + #entries - n
    return { 'found', before + redis.call('LLEN', waiting) - 1 - distance }
  end
end
-- An expired job has no entry any more.
return #entries < room and { 'elsewhere' } or { 'more', at + room }
