#!lua flags=allow-oom
-- queues: names of queues in order, one bounded page.
--
-- KEYS queues zset   names of all queues of this prefix, each with a score of 0
-- ARGV after  the last name of the page before, '' for the first page
--      limit  most names to give
-- REPLY names
-- HOLDS nothing
local queues = unpack(KEYS)
local after, limit = unpack(ARGV)

local first = after == '' and '-' or '(' .. after
return redis.call('ZRANGE', queues, first, '+', 'BYLEX', 'LIMIT', 0, limit)
