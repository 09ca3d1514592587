-- leftovers(jobs, columns, id): how many bytes the record of a job has, -1 when there is none; then which columns have a row of it, by
-- place, blank between them.
local function leftovers(jobs, columns, id)
  local size, places = redis.call('HSTRLEN', jobs, id), {}
  if size > 0 or redis.call('HEXISTS', jobs, id) == 1 then return size, '' end
  for place, key in ipairs(columns) do
    places[#places + 1] = redis.call('HEXISTS', key, id) == 1 and place or nil
  end
  return -1, table.concat(places, ' ')
end
