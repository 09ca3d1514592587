#!lua flags=allow-oom
-- pause: workers claim nothing until resume; what is active goes on. It is numbered: an old copy that comes after a resume would stop the
-- queue for good.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      meta     hash   paused since (ms)
--      news     events, stream, audience: for announce
-- ARGV call     the caller's row in calls
--      number   of this call
-- REPLY paused; or stale
-- HOLDS nothing; one call in flight per caller
-- USES answered, clock, attend, say, announce, remember
local calls, meta = unpack(KEYS, 1, 2)
local news = { unpack(KEYS, 3, 5) }
local call, number = unpack(ARGV)

local before = answered(calls, call, number)
if before then return before end

local now = clock()
attend(news)
if redis.call('HSETNX', meta, 'paused', now) == 1 and news.heard then say(news, 'paused') end
announce(news, now)
return remember(calls, call, number, now, 'paused')
