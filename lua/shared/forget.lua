-- forget(columns, ids): erases the rows of these jobs in every column. Columns but the first, `jobs`, are often not there at all.
local function forget(columns, ids)
  local others = redis.call('EXISTS', unpack(columns, 2)) > 0
  for i = 1, others and #columns or 1 do
    redis.call('HDEL', columns[i], unpack(ids))
  end
end
