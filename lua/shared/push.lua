-- push(waiting, wake, ids, flags, chosen): appends the ids at the indexes `chosen` to waiting, those whose traits say lifo to its
-- head, and sets the marker.
local function push(waiting, wake, ids, flags, chosen)
  local tail, head = {}, {}
  for _, i in ipairs(chosen) do
    local flag = flags[i]
    local side = flag and flag ~= '' and flag:find('"lifo":true', 1, true) and head or tail
    side[#side + 1] = ids[i]
  end
  if #tail > 0 then redis.call('RPUSH', waiting, unpack(tail)) end
  if #head > 0 then redis.call('LPUSH', waiting, unpack(head)) end
  if #chosen > 0 then mark(wake) end
end
