-- mark(wake): sees to it that the marker is there, so that an idle worker looks.
local function mark(wake) return redis.call('LLEN', wake) == 0 and redis.call('RPUSH', wake, '1') end
