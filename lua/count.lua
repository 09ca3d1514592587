#!lua flags=allow-oom
-- count: how many jobs are in each state, at one moment.
--
-- KEYS jobs      hash   id -> record
--      active    hash   id -> token
--      delayed   zset   ids by due time
--      completed zset   ids by finish time
--      failed    zset   ids by finish time
-- REPLY { waiting, delayed, active, completed, failed }
-- HOLDS nothing
local jobs, active, delayed, completed, failed = unpack(KEYS)

local all, running = redis.call('HLEN', jobs), redis.call('HLEN', active)
local late, done, lost =
  redis.call('ZCARD', delayed), redis.call('ZCARD', completed), redis.call('ZCARD', failed)
return { all - late - running - done - lost, late, running, done, lost }
