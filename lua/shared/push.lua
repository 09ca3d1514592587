-- push(waiting, wake, ids, flags, chosen): appends the ids at the indexes `chosen` to waiting, those whose traits say lifo to its
-- head, and sets the marker.
local function push(waiting, wake, ids, flags, chosen)
  local sides = { RPUSH = {}, LPUSH = {} }
  for _, i in ipairs(chosen) do
    local lifo = flags[i] and flags[i]:find('"lifo":true', 1, true)
    table.insert(lifo and sides.LPUSH or sides.RPUSH, ids[i])
  end
  for command, side in pairs(sides) do
    if #side > 0 then redis.call(command, waiting, unpack(side)) end
  end
  if #chosen > 0 then mark(wake) end
end
