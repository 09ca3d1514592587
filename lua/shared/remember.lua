-- remember(calls, call, number, now, reply, lines): keeps the reply, `lines` behind it, with the time (ms), for a repetition of this call,
-- and returns it.
local function remember(calls, call, number, now, reply, lines)
  local row = string.format('%s %.0f %s', number, now, reply)
  redis.call('HSET', calls, call, lines and table.concat({ row, unpack(lines) }, '\n') or row)
  return reply
end
