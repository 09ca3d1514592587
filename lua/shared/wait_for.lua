-- wait_for(deferred, awaiting, ids, edges, chosen, now, news, prev, records): the jobs at the indexes `chosen` wait for the parents of their
-- edges, a line each, 1,000 in all; their first check is due in 5 s (see recheck). `prev` and `records` as for push.
local function wait_for(deferred, awaiting, ids, edges, chosen, now, news, prev, records)
  local members, checks = {}, {}
  for _, i in ipairs(chosen) do
    checks[#checks + 1], checks[#checks + 2] = now + 5000, ids[i]
    if news.heard then say(news, 'deferred', ids[i], prev, records and title(records[i])) end
    for edge in edges[i]:gmatch('[^\n]+') do
      members[#members + 1], members[#members + 2] = 0, ids[i] .. '\t' .. edge
    end
  end
  if #members == 0 then return end
  redis.call('ZADD', awaiting, unpack(members))
  redis.call('ZADD', deferred, unpack(checks))
end
