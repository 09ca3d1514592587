#!lua flags=allow-oom
-- renew: moves the deadline of a lease. One that is dead, or gone, never lives again.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
-- ARGV lease    the caller's
--      period   ms until the new deadline
-- REPLY { alive, how many jobs it holds } | { dead }
-- HOLDS the lease
-- USES clock
local leases, held = unpack(KEYS)
local lease, period = unpack(ARGV)

if tonumber(redis.call('ZSCORE', leases, lease) or 0) == 0 then return { 'dead' } end

redis.call('ZADD', leases, clock() + period, lease)
return { 'alive', redis.call('HGET', held, lease) or '0' }
