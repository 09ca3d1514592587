-- answered(calls, call, number): nil for a new call, the stored reply for the last one, 'stale' for an older one.
local function answered(calls, call, number)
  local row = redis.call('HGET', calls, call) or '-1 0 '
  local last, reply = row:match('^(%S+) %d+ (.*)$')
  if tonumber(last) > tonumber(number) then return 'stale' end
  return last == number and reply or nil
end
