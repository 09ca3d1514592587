#!lua flags=allow-oom
-- register: keeps the name of a queue where `queues` finds it.
--
-- KEYS queues zset   names of all queues of this prefix, each with a score of 0
-- ARGV name   of the queue
-- REPLY new | known
-- HOLDS nothing
local queues = unpack(KEYS)
local name = unpack(ARGV)

return redis.call('ZADD', queues, 0, name) == 1 and 'new' or 'known'
