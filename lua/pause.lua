#!lua flags=allow-oom
-- pause: workers claim nothing until resume; what is active goes on.
--
-- KEYS meta     hash   paused since (ms)
--      news     events, stream, audience: for announce
-- REPLY paused
-- HOLDS nothing
-- USES clock, attend, say, announce
local meta = unpack(KEYS, 1, 1)
local news = { unpack(KEYS, 2, 4) }

local now = clock()
attend(news)
if redis.call('HSETNX', meta, 'paused', now) == 1 and news.heard then say(news, 'paused') end
announce(news, now)
return 'paused'
