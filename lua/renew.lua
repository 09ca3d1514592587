#!lua flags=allow-oom
-- renew: moves the deadline of a lease. One that is dead, or gone, never lives again.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
--      stopping zset   lease and id of active jobs that were asked to stop
-- ARGV lease    the caller's
--      period   ms until the new deadline
-- REPLY { alive, how many jobs it holds, ids of those that were asked to stop, 100 at most } | { dead }
-- HOLDS the lease
-- USES clock
local leases, held, stopping = unpack(KEYS)
local lease, period = unpack(ARGV)

if tonumber(redis.call('ZSCORE', leases, lease) or 0) == 0 then return { 'dead' } end

redis.call('ZADD', leases, clock() + period, lease)
local first, last = '[' .. lease .. '\t', '(' .. lease .. '\n'
local stops = redis.call('ZRANGE', stopping, first, last, 'BYLEX', 'LIMIT', 0, 100)
for i, member in ipairs(stops) do
  stops[i] = member:sub(#lease + 2)
end
return { 'alive', redis.call('HGET', held, lease) or '0', stops }
