#!lua flags=allow-oom
-- lapse: a lease past its deadline -> dead, for ever; a dead one that holds nothing -> gone, with its calls. The worker's row stays, with
-- the deadline, for tidy, while there are no more than 1,000 of such. What it holds is none, too, by a row that nobody can read, when no
-- job is active. Those that have to be spared are dead, too, if they hold nothing and ended a minute ago. One bounded step.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
--      active   hash   id -> token
--      calls    hash   caller and script -> last call number, time, reply
--      workers  hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
-- ARGV latest   ms: leases whose deadline is past and not after this are declared dead; 0 for none
-- REPLY { how many dead leases still hold jobs, for reclaim to take; how many of 1,000 hold jobs that are past a deadline after `latest`;
--       1 if there may be more to do, else 0 }
-- HOLDS nothing
-- USES clock, whole
local leases, held, active, calls, workers = unpack(KEYS)
local latest = unpack(ARGV)

local now, holding, spared, gone = clock(), 0, 0, 0
local last = math.min(now, tonumber(latest))
local late = redis.call('ZRANGE', leases, '(0', last, 'BYSCORE', 'LIMIT', 0, 100, 'WITHSCORES')
local rows = redis.call('HLEN', workers) - redis.call('ZCOUNT', leases, '(0', '+inf')
for at = 1, #late, 2 do
  local lease, deadline = late[at], late[at + 1]
  redis.call('ZADD', leases, 0, lease)
  local row = redis.call('HGET', workers, lease)
  rows = rows + 1
  if row and rows > 1000 then
    redis.call('HDEL', workers, lease)
  elseif row then
    redis.call('HSET', workers, lease, deadline .. (row:match(' .*') or ''))
  end
end
local after = '(' .. last
local early = redis.call('ZRANGE', leases, after, now, 'BYSCORE', 'LIMIT', 0, 1000)
local idle = redis.call('ZCOUNT', leases, after, now - 60000)
for at, count in ipairs(#early > 0 and redis.call('HMGET', held, unpack(early)) or {}) do
  if count then
    spared = spared + 1
  elseif at <= idle then
    redis.call('ZADD', leases, 0, early[at])
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
    gone = gone + 1
  end
end
return { holding, spared, (#late == 200 or gone == 100) and 1 or 0 }
