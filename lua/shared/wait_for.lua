-- wait_for(deferred, awaiting, ids, edges, chosen, now): the jobs at the indexes `chosen` wait for the parents of their edges, a line
-- each, 1,000 in all; their first check is due in 5 s (see recheck).
local function wait_for(deferred, awaiting, ids, edges, chosen, now)
  local members, checks = {}, {}
  for _, i in ipairs(chosen) do
    checks[#checks + 1], checks[#checks + 2] = now + 5000, ids[i]
    for edge in edges[i]:gmatch('[^\n]+') do
      members[#members + 1], members[#members + 2] = 0, ids[i] .. '\t' .. edge
    end
  end
  if #members == 0 then return end
  redis.call('ZADD', awaiting, unpack(members))
  redis.call('ZADD', deferred, unpack(checks))
end
