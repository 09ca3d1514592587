-- forget(columns, ids, plain): erases the rows of these jobs in every column; in the last four, which few jobs have, not when all of them are
-- `plain`. Columns but the first, `jobs`, are often not there at all.
local function forget(columns, ids, plain)
  local last = plain and #columns - 4 or #columns
  local others = redis.call('EXISTS', unpack(columns, 2, last)) > 0
  for i = 1, others and last or 1 do
    redis.call('HDEL', columns[i], unpack(ids))
  end
end
