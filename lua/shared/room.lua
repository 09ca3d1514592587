-- room(most, jobs, active, ended): how many jobs may be added until `most` are stored that have not started: those of jobs that stand
-- neither in the hash active nor in the sorted sets of ended ones. Without a limit any number, and nothing is asked.
local function room(most, jobs, active, ended)
  if not tonumber(most) then return math.huge end
  local left = most - redis.call('HLEN', jobs) + redis.call('HLEN', active)
  for _, set in ipairs(ended) do
    left = left + redis.call('ZCARD', set)
  end
  return left
end
