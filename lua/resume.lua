#!lua flags=allow-oom
-- resume: workers claim again.
--
-- KEYS meta     hash   paused since (ms)
--      waiting  list   ids
--      suspects zset   ids by the time of loss
--      delayed  zset   ids by due time
--      wake     list   the marker
-- REPLY resumed
-- HOLDS nothing
-- USES mark
local meta, waiting, suspects, delayed, wake = unpack(KEYS)

redis.call('HDEL', meta, 'paused')
if redis.call('EXISTS', waiting, suspects, delayed) > 0 then mark(wake) end
return 'resumed'
