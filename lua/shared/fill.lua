-- fill(column_key, ids, values, chosen): sets the rows of the jobs at the indexes `chosen` in one column.
local function fill(column_key, ids, values, chosen)
  local rows = {}
  for _, i in ipairs(chosen) do
    rows[#rows + 1], rows[#rows + 2] = ids[i], values[i]
  end
  if #rows > 0 then redis.call('HSET', column_key, unpack(rows)) end
end
