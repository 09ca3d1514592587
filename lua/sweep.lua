#!lua flags=allow-oom
-- sweep: takes the maintenance of this period, so that one worker does it for all, and tells what there is to do.
--
-- KEYS meta     hash   time of the last sweep (ms)
--      delayed  zset   ids by due time (ms)
--      leases   zset   lease by deadline (ms), 0 for a dead one
-- ARGV period   ms between two sweeps
-- REPLY { due, the server's time (ms), time (ms) of the earliest delayed job or '', how many leases are dead or past their deadline }
--       | { early, the server's time }
-- HOLDS nothing
-- USES clock
local meta, delayed, leases = unpack(KEYS)
local period = unpack(ARGV)

local now = clock()
local last = tonumber(redis.call('HGET', meta, 'swept') or 0)
if math.abs(now - last) < tonumber(period) then return { 'early', string.format('%.0f', now) } end

redis.call('HSET', meta, 'swept', now)
local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
return { 'due', string.format('%.0f', now), first[2] or '', redis.call('ZCOUNT', leases, 0, now) }
