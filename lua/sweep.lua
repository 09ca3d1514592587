#!lua flags=allow-oom
-- sweep: takes the maintenance of this period, so that one worker does it for all.
--
-- KEYS meta     hash   time of the last sweep (ms)
-- ARGV period   ms between two sweeps
-- REPLY { due | early, the server's time (ms) }
-- HOLDS nothing
-- USES clock
local meta = unpack(KEYS)
local period = unpack(ARGV)

local now = clock()
local last = tonumber(redis.call('HGET', meta, 'swept') or 0)
if math.abs(now - last) < tonumber(period) then return { 'early', string.format('%.0f', now) } end

redis.call('HSET', meta, 'swept', now)
return { 'due', string.format('%.0f', now) }
