#!lua flags=allow-oom
-- peek: in which of several queues something may be claimed, now or when it is due, or a marker is. Nothing changes.
--
-- KEYS claimable list  of each queue wake, the marker, and where ids are: waiting, suspects, delayed; at most 512 queues
-- REPLY of each queue with any of them: its place, from 0 on; how many ids wait or are suspects; 1 with a marker or 0; in how many ms
--       the next delayed id is due, -1 without one
-- HOLDS nothing
-- USES clock
local claimable = { unpack(KEYS, 1) }

local found, now = {}, clock()
for at = 1, #claimable, 4 do
  local wake, waiting, suspects, delayed = unpack(claimable, at, at + 3)
  if redis.call('EXISTS', wake, waiting, suspects, delayed) > 0 then
    local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
    local left = redis.call('LLEN', waiting) + redis.call('ZCARD', suspects)
    local due = first and math.max(0, first - now) or -1
    local n = #found
    found[n + 1], found[n + 2] = (at - 1) / 4, left
    found[n + 3], found[n + 4] = redis.call('EXISTS', wake), due
  end
end
return found
