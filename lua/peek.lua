#!lua flags=allow-oom
-- peek: in which of several queues something may be claimed, or a marker is. Nothing changes.
--
-- KEYS claimable list  of each queue wake, the marker, waiting, ids, and suspects, a zset of ids; at most 512 queues
-- REPLY of each queue with any of them its place, from 0 on, how many ids wait or are suspects, and 1 with a marker or 0
-- HOLDS nothing
local claimable = { unpack(KEYS, 1) }

local found = {}
for at = 1, #claimable, 3 do
  local wake, waiting, suspects = unpack(claimable, at, at + 2)
  if redis.call('EXISTS', wake, waiting, suspects) > 0 then
    local left = redis.call('LLEN', waiting) + redis.call('ZCARD', suspects)
    local n = #found
    found[n + 1], found[n + 2], found[n + 3] = (at - 1) / 3, left, redis.call('EXISTS', wake)
  end
end
return found
