#!lua flags=allow-oom
-- tidy: forgets callers that have been silent for long, and workers that have been gone for long, one bounded step.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      workers  hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
--      leases   zset   lease by deadline (ms), 0 for a dead one
-- ARGV cursor   0 to begin a pass through the calls, else from the last reply
--      place    the same for the workers
--      age      ms of silence
-- REPLY { cursor, place }, 0 at the end of a pass
-- HOLDS nothing
-- USES clock
local calls, workers, leases = unpack(KEYS)
local cursor, place, age = unpack(ARGV)

local oldest = clock() - age
local page = redis.call('HSCAN', calls, cursor, 'COUNT', 100)
for at = 1, #page[2], 2 do
  if tonumber(page[2][at + 1]:match('^%d+ (%d+)') or 0) < oldest then
    redis.call('HDEL', calls, page[2][at])
  end
end
local rows = redis.call('HSCAN', workers, place, 'COUNT', 100)
for at = 1, #rows[2], 2 do
  local lease = rows[2][at]
  -- The row of a worker that lives may be old: it is written when there is news.
  local gone = tonumber(rows[2][at + 1]:match('^%d+') or 0) < oldest
  if gone and not redis.call('ZSCORE', leases, lease) then redis.call('HDEL', workers, lease) end
end
return { page[1], rows[1] }
