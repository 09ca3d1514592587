#!lua flags=allow-oom
-- obliterate: every key of the queue goes at once, whatever its size; memory is freed in the background. Who listens goes on to listen.
--
-- KEYS active   hash   id -> token
--      news     events, stream, audience: for announce
--      keyspace all keys of the queue
-- ARGV force    1 to do so while jobs are active
-- REPLY gone | active
-- HOLDS nothing
-- USES attend, say, announce, clock
local active = unpack(KEYS, 1, 1)
local news = { unpack(KEYS, 2, 4) }
local force = unpack(ARGV)

if force ~= '1' and redis.call('EXISTS', active) == 1 then return 'active' end
attend(news)
if news.heard then say(news, 'obliterated') end
announce(news, clock())

redis.call('UNLINK', unpack(KEYS))
if news.heard then redis.call('SET', news[3], '0', 'PX', 60000) end
return 'gone'
