#!lua flags=allow-oom
-- tidy: forgets callers that have been silent for long, and workers that have been gone for long, of 100 each that chance picks. So no
-- place has to be remembered, and it does not matter how short those live that call it.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      workers  hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
--      leases   zset   lease by deadline (ms), 0 for a dead one
-- ARGV age      ms of silence
-- REPLY how many rows were forgotten; while that is a good part of those it has looked at there are more
-- HOLDS nothing
-- USES clock
local calls, workers, leases = unpack(KEYS)
local age = unpack(ARGV)

local oldest, forgotten = clock() - age, 0
local rows = redis.call('HRANDFIELD', calls, 100, 'WITHVALUES')
for at = 1, #rows, 2 do
  if tonumber(rows[at + 1]:match('^%d+ (%d+)') or 0) < oldest then
    forgotten = forgotten + redis.call('HDEL', calls, rows[at])
  end
end
rows = redis.call('HRANDFIELD', workers, 100, 'WITHVALUES')
for at = 1, #rows, 2 do
  local lease = rows[at]
  -- The row of a worker that lives may be old: it is written when there is news.
  local gone = tonumber(rows[at + 1]:match('^%d+') or 0) < oldest
  if gone and not redis.call('ZSCORE', leases, lease) then
    forgotten = forgotten + redis.call('HDEL', workers, lease)
  end
end
return forgotten
