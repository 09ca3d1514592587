#!lua flags=allow-oom
-- stamp: nothing, but that a queue which had no stamp has one from now on, as long as it is there. It tells the queue from a later one
-- of the same name. A late copy does no harm.
--
-- KEYS meta hash   stamp: a time (µs)
-- REPLY the queue's stamp; '' when there is no queue
-- HOLDS nothing
local meta = unpack(KEYS)

if redis.call('EXISTS', meta) == 0 then return '' end
local time = redis.call('TIME')
redis.call('HSETNX', meta, 'stamp', string.format('%.0f', time[1] * 1000000 + time[2]))
return redis.call('HGET', meta, 'stamp')
