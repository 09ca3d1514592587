#!lua flags=allow-oom
-- obliterate: every key of the queue goes at once, whatever its size; memory is freed in the background. Who listens goes on to listen.
-- It takes the queue that it is told of alone: an old copy would take one that was begun since under the same name. The number, which goes
-- with the queue, sees to it that an old copy does not do what was refused.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      meta     hash   stamp
--      active   hash   id -> token
--      news     events, stream, audience: for announce
--      keyspace all keys of the queue
-- ARGV call     the caller's row in calls
--      number   of this call
--      stamp    the queue's (see stamp); '' for what has none, since there is no queue
--      force    1 to do so while jobs are active
-- REPLY gone | active; or stale
-- HOLDS nothing; one call in flight per caller
-- USES answered, attend, say, announce, clock, remember
local calls, meta, active = unpack(KEYS, 1, 3)
local news = { unpack(KEYS, 4, 6) }
local call, number, stamp, force = unpack(ARGV)

local before = answered(calls, call, number)
if before then return before end
local now, own = clock(), redis.call('HGET', meta, 'stamp')
if (own or '') ~= stamp or not own and redis.call('EXISTS', meta) == 1 then return 'gone' end
if force ~= '1' and redis.call('EXISTS', active) == 1 then
  return remember(calls, call, number, now, 'active')
end
attend(news)
if news.heard then say(news, 'obliterated') end
announce(news, now)

redis.call('UNLINK', unpack(KEYS))
if news.heard then redis.call('SET', news[3], '0', 'PX', 60000) end
return 'gone'
