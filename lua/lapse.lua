#!lua flags=allow-oom
-- lapse: a lease past its deadline -> dead, for ever; a dead one that holds nothing -> gone, with its calls. The worker's row stays, with
-- the deadline, for tidy, while there are no more than 1,000 of such. What it holds is none, too, by a row that nobody can read, when no
-- job is active. One bounded step.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
--      active   hash   id -> token
--      calls    hash   caller and script -> last call number, time, reply
--      workers  hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
-- ARGV latest   ms: leases whose deadline is past and not after this are declared dead; 0 for none
-- REPLY { how many dead leases still hold jobs, for reclaim to take, how many that hold jobs are past a deadline after `latest` }; 100 of
--       each are looked at
-- HOLDS nothing
-- USES clock, whole
local leases, held, active, calls, workers = unpack(KEYS)
local latest = unpack(ARGV)

local now, holding, spared = clock(), 0, 0
local last = math.min(now, tonumber(latest))
local late = redis.call('ZRANGE', leases, '(0', last, 'BYSCORE', 'LIMIT', 0, 100, 'WITHSCORES')
local gone = redis.call('HLEN', workers) - redis.call('ZCOUNT', leases, '(0', '+inf')
for at = 1, #late, 2 do
  local lease, deadline = late[at], late[at + 1]
  redis.call('ZADD', leases, 0, lease)
  local row = redis.call('HGET', workers, lease)
  gone = gone + 1
  if row and gone > 1000 then
    redis.call('HDEL', workers, lease)
  elseif row then
    redis.call('HSET', workers, lease, deadline .. (row:match(' .*') or ''))
  end
end
for _, lease in ipairs(redis.call('ZRANGE', leases, 0, 0, 'BYSCORE', 'LIMIT', 0, 100)) do
  local count = redis.call('HGET', held, lease)
  if count and (whole(count) or redis.call('EXISTS', active) == 1) then
    holding = holding + 1
  else
    if count then redis.call('HDEL', held, lease) end
    redis.call('ZREM', leases, lease)
    redis.call('HDEL', calls, lease .. ':claim', lease .. ':report')
  end
end
local early = last < now
  and redis.call('ZRANGE', leases, '(' .. last, now, 'BYSCORE', 'LIMIT', 0, 100)
for _, count in ipairs(early and #early > 0 and redis.call('HMGET', held, unpack(early)) or {}) do
  if count then spared = spared + 1 end
end
return { holding, spared }
