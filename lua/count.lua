#!lua flags=allow-oom
-- count: how many jobs are in each state, at one moment.
--
-- KEYS jobs      hash   id -> record
--      delayed   zset   ids by due time (ms)
--      deferred  zset   ids by the time of their next check (ms)
--      active    hash   id -> token
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
-- REPLY { waiting, delayed, deferred, active, completed, failed, cancelled }
-- HOLDS nothing
local jobs, delayed, deferred, active, completed, failed, cancelled = unpack(KEYS)

local all, running = redis.call('HLEN', jobs), redis.call('HLEN', active)
local late, done, lost =
  redis.call('ZCARD', delayed), redis.call('ZCARD', completed), redis.call('ZCARD', failed)
local rare, blocked, stopped = redis.call('EXISTS', deferred, cancelled) > 0, 0, 0
if rare then
  blocked, stopped = redis.call('ZCARD', deferred), redis.call('ZCARD', cancelled)
end
local elsewhere = late + blocked + running + done + lost + stopped
return { all - elsewhere, late, blocked, running, done, lost, stopped }
