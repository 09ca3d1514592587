-- answered(calls, call, number): nil for a new call, the stored reply for the last one, 'stale' for an older one.
local function answered(calls, call, number)
  local last, reply = (redis.call('HGET', calls, call) or '-1 0 '):match('^(%S+) %d+ (.*)$')
  if tonumber(last) > tonumber(number) then return 'stale' end
  return last == number and reply or nil
end
