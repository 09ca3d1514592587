#!lua flags=allow-oom
-- collect: takes the markers of several queues, in order: the caller claims there, or puts them back.
--
-- KEYS markers list  of each queue wake, the marker, and waiting, ids; at most 512 queues
-- ARGV most    how many markers to take
--      have    1 when the caller has that of the first queue already, which counts as taken
-- REPLY of each marker that was taken the place of its queue, from 0 on, and how many ids wait there
-- HOLDS nothing
local markers = { unpack(KEYS, 1) }
local most, have = unpack(ARGV)

local found = {}
for at = 1, #markers, 2 do
  if #found >= 2 * most then break end
  if at == 1 and have == '1' or redis.call('LPOP', markers[at]) then
    found[#found + 1], found[#found + 2] = (at - 1) / 2, redis.call('LLEN', markers[at + 1])
  end
end
return found
