#!lua flags=allow-oom
-- unregister: forgets the name of a queue that is no more.
--
-- KEYS queues zset   names of all queues of this prefix, each with a score of 0
-- ARGV name   of the queue
-- REPLY gone | unknown
-- HOLDS nothing
local queues = unpack(KEYS)
local name = unpack(ARGV)

return redis.call('ZREM', queues, name) == 1 and 'gone' or 'unknown'
