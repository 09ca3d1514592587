#!lua flags=allow-oom
-- oldest: the waiting jobs that may have waited longest: the first suspect, the first and the last of waiting, as far as one bounded step
-- over void entries finds them: 1,000 entries at each end, and up to three records.
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
-- ARGV start      how many entries to pass over at both ends
-- REPLY { the server's time (ms), where the next step begins or 0 when all was seen, { id, record } or {} of the first suspect, of the
--       first, of the last }
-- HOLDS nothing
-- USES clock, waits, voids
local jobs, active, suspects, waiting, tombstones = unpack(KEYS, 1, 5)
local delayed, completed, failed, deferred, cancelled = unpack(KEYS, 6)
local start = unpack(ARGV)
local elsewhere = { delayed, completed, failed, deferred, cancelled }

local most = redis.call('EXISTS', tombstones) == 1 and 1000 or 1
local over = start + most >= redis.call('LLEN', waiting)
local head = redis.call('LRANGE', waiting, start, start + most - 1)
local tail = redis.call('LRANGE', waiting, -(start + most), -(start + 1))
local rows = { redis.call('ZRANGE', suspects, 0, 0), {}, {} }
for n, page in ipairs({ head, tail }) do
  local gone = {}
  for _, id in ipairs(voids(jobs, active, elsewhere, tombstones, page)) do
    gone[id] = true
  end
  for _, id in ipairs(page) do
    local row = rows[n + 1]
    if not gone[id] and (n == 2 or #row == 0) then row[1] = id end
  end
end
for _, row in ipairs(rows) do
  row[2] = row[1] and redis.call('HGET', jobs, row[1])
end
return { string.format('%.0f', clock()), over and 0 or start + most, unpack(rows) }
