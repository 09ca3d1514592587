-- finish(set, columns, ids, outcomes, ended): each job of the indexes `ended` enters the set of its state, or is forgotten when its
-- outcome is ''. Returns the indexes of those that stay.
local function finish(set, columns, ids, outcomes, ended)
  local kept, rows, dropped, now = {}, {}, {}, clock()
  for _, i in ipairs(ended) do
    if outcomes[i] == '' then
      dropped[#dropped + 1] = ids[i]
    else
      kept[#kept + 1], rows[#rows + 1], rows[#rows + 2] = i, now, ids[i]
    end
  end
  if #rows > 0 then redis.call('ZADD', set, unpack(rows)) end
  if #dropped > 0 then forget(columns, dropped) end
  return kept
end
