#!lua flags=allow-oom
-- paused: tells since when workers of the queue claim nothing.
--
-- KEYS meta hash   paused since (ms)
-- REPLY paused since (ms), or '' of a queue that is not
-- HOLDS nothing
local meta = unpack(KEYS)

return redis.call('HGET', meta, 'paused') or ''
