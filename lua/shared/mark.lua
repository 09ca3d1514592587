-- mark(wake): sees to it that the marker is there, so that an idle worker looks.
local function mark(wake)
  if redis.call('LLEN', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
