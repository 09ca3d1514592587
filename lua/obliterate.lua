#!lua flags=allow-oom
-- obliterate: every key of the queue goes at once, whatever its size; memory is freed in the background.
--
-- KEYS active   hash   id -> token
--      keyspace all keys of the queue
-- ARGV force    1 to do so while jobs are active
-- REPLY gone | active
-- HOLDS nothing
local active = unpack(KEYS)
local force = unpack(ARGV)

if force ~= '1' and redis.call('EXISTS', active) == 1 then return 'active' end

redis.call('UNLINK', unpack(KEYS))
return 'gone'
