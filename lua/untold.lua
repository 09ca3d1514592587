#!lua flags=allow-oom
-- untold: finished parents whose dependents are still to be told, some of them.
--
-- KEYS releasing hash   finished parent -> what to tell its dependents
-- ARGV limit     most parents
-- REPLY ids
-- HOLDS nothing
local releasing = unpack(KEYS)
local limit = unpack(ARGV)

return redis.call('HRANDFIELD', releasing, limit) or {}
