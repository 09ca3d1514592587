#!lua flags=allow-oom
-- lapse: a lease past its deadline -> dead, for ever; a dead one that holds nothing -> gone, with its calls. One bounded step.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
--      calls    hash   caller and script -> last call number, time, reply
-- ARGV expire   1 to declare leases dead; 0 after an outage, when their workers may not have had a chance to renew
-- REPLY how many dead leases still hold jobs, for reclaim to take
-- HOLDS nothing
-- USES clock
local leases, held, calls = unpack(KEYS)
local expire = unpack(ARGV)

local now, holding = clock(), 0
for _, lease in ipairs(redis.call('ZRANGE', leases, '(0', now, 'BYSCORE', 'LIMIT', 0, 100)) do
  if expire == '1' then redis.call('ZADD', leases, 0, lease) end
end
for _, lease in ipairs(redis.call('ZRANGE', leases, 0, 0, 'BYSCORE', 'LIMIT', 0, 100)) do
  if redis.call('HEXISTS', held, lease) == 1 then
    holding = holding + 1
  else
    redis.call('ZREM', leases, lease)
    redis.call('HDEL', calls, lease .. ':claim')
  end
end
return holding
