-- push(waiting, wake, ids, flags, chosen, news, prev, records): appends the ids at the indexes `chosen` to waiting, those whose traits say
-- lifo to its head, and sets the marker. `prev`: the state that they leave; '' for new ones, whose `records` tell their names.
local function push(waiting, wake, ids, flags, chosen, news, prev, records)
  local tail, head = {}, {}
  for _, i in ipairs(chosen) do
    local flag = flags[i]
    local side = flag and flag ~= '' and flag:find('"lifo":true', 1, true) and head or tail
    side[#side + 1] = ids[i]
    if news.heard then say(news, 'waiting', ids[i], prev, records and title(records[i])) end
  end
  if #tail > 0 then redis.call('RPUSH', waiting, unpack(tail)) end
  if #head > 0 then redis.call('LPUSH', waiting, unpack(head)) end
  if #chosen > 0 then mark(wake) end
end
