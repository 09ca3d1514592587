-- fill(column_key, ids, values, chosen): sets the rows of the jobs at the indexes `chosen` in one column.
local function fill(column_key, ids, values, chosen)
  local rows = {}
  for n, i in ipairs(chosen) do
    rows[2 * n - 1], rows[2 * n] = ids[i], values[i]
  end
  if #rows > 0 then redis.call('HSET', column_key, unpack(rows)) end
end
