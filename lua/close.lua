#!lua flags=allow-oom
-- close: a caller is done. Its lease goes, or is declared dead while it still holds jobs, for reclaim to find; its rows in calls
-- and in workers go, but for that of its claims in the latter case, which reclaim asks what has started, and lapse erases; a marker that it may
-- have taken is put back.
--
-- KEYS leases    zset   lease by deadline (ms), 0 for a dead one
--      held      hash   lease -> how many jobs it holds
--      calls     hash   caller and script -> last call number, time, reply
--      workers   hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
--      waiting   list   ids
--      suspects  zset   ids by the time of loss (ms)
--      delayed   zset   ids by due time (ms)
--      wake      list   the marker
-- ARGV lease     the caller's; a producer has none and gives its own id
-- EACH call      a row of calls to erase
-- REPLY closed | dead
-- HOLDS no copy of a numbered call that may still arrive
-- USES column, mark
local leases, held, calls, workers, waiting, suspects, delayed, wake = unpack(KEYS)
local lease = unpack(ARGV)
local rows = column(2, 1)

local holds = redis.call('HEXISTS', held, lease) == 1
local gone = {}
for _, row in ipairs(rows) do
  gone[#gone + 1] = (not holds or row ~= lease .. ':claim') and row or nil
end
local claimable = redis.call('EXISTS', waiting, suspects, delayed) > 0

if holds then
  redis.call('ZADD', leases, 'XX', 0, lease)
else
  redis.call('ZREM', leases, lease)
end
if #gone > 0 then redis.call('HDEL', calls, unpack(gone)) end
redis.call('HDEL', workers, lease)
if claimable then mark(wake) end
return holds and 'dead' or 'closed'
