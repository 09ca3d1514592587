#!lua flags=allow-oom
-- resume: workers claim again. It is numbered: an old copy would undo a later pause.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      meta     hash   paused since (ms)
--      waiting  list   ids
--      suspects zset   ids by the time of loss (ms)
--      delayed  zset   ids by due time (ms)
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- ARGV call     the caller's row in calls
--      number   of this call
-- REPLY resumed; or stale
-- HOLDS nothing; one call in flight per caller
-- USES answered, attend, say, announce, clock, mark, remember
local calls, meta, waiting, suspects, delayed, wake = unpack(KEYS, 1, 6)
local news = { unpack(KEYS, 7, 9) }
local call, number = unpack(ARGV)

local before = answered(calls, call, number)
if before then return before end

local now = clock()
attend(news)
if redis.call('HDEL', meta, 'paused') == 1 and news.heard then say(news, 'resumed') end
announce(news, now)
if redis.call('EXISTS', waiting, suspects, delayed) > 0 then mark(wake) end
return remember(calls, call, number, now, 'resumed')
