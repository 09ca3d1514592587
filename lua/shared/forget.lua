-- forget(columns, ids, unrelated): erases the rows of these jobs in every column; in the last two, which are of jobs with parents or
-- dependents, not when the jobs are `unrelated`. Columns but the first, `jobs`, are often not there at all.
local function forget(columns, ids, unrelated)
  local last = unrelated and #columns - 2 or #columns
  local others = redis.call('EXISTS', unpack(columns, 2, last)) > 0
  for i = 1, others and last or 1 do
    redis.call('HDEL', columns[i], unpack(ids))
  end
end
