-- remember(calls, call, number, now, reply): keeps the reply, with the time (ms), for a repetition of this call, and returns it.
local function remember(calls, call, number, now, reply)
  redis.call('HSET', calls, call, string.format('%s %.0f %s', number, now, reply))
  return reply
end
