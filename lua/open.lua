#!lua flags=allow-oom
-- open: (new) -> a live lease. Only this script makes one; an id that is in use, or dead, is refused. A late copy makes a lease that
-- nobody renews, and lapses.
--
-- KEYS meta     hash   schema version
--      leases   zset   lease by deadline (ms), 0 for a dead one
-- ARGV lease    a fresh id
--      period   ms until the deadline
--      schema   major version of the caller's data model
-- REPLY opened | used | outdated
-- HOLDS nothing
-- USES clock, whole, outdated
local meta, leases = unpack(KEYS)
local lease, period, schema = unpack(ARGV)

if redis.call('ZSCORE', leases, lease) then return 'used' end
if outdated(meta, schema) then return 'outdated' end

redis.call('ZADD', leases, clock() + period, lease)
return 'opened'
