#!lua flags=allow-oom
-- resume: workers claim again.
--
-- KEYS meta     hash   paused since (ms)
--      waiting  list   ids
--      suspects zset   ids by the time of loss (ms)
--      delayed  zset   ids by due time (ms)
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- REPLY resumed
-- HOLDS nothing
-- USES attend, say, announce, clock, mark
local meta, waiting, suspects, delayed, wake = unpack(KEYS, 1, 5)
local news = { unpack(KEYS, 6, 8) }

attend(news)
if redis.call('HDEL', meta, 'paused') == 1 and news.heard then say(news, 'resumed') end
announce(news, clock())
if redis.call('EXISTS', waiting, suspects, delayed) > 0 then mark(wake) end
return 'resumed'
