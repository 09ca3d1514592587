#!lua flags=allow-oom
-- pause: workers claim nothing until resume; what is active goes on.
--
-- KEYS meta     hash   paused since (ms)
-- REPLY paused
-- HOLDS nothing
-- USES clock
local meta = unpack(KEYS)

redis.call('HSETNX', meta, 'paused', clock())
return 'paused'
