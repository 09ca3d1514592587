-- waits(jobs, active, elsewhere, ids): for each id whether it is that of a waiting job: one that is stored and stands nowhere else.
local function waits(jobs, active, elsewhere, ids)
  local found = redis.call('HMGET', active, unpack(ids))
  for i, id in ipairs(ids) do
    found[i] = not found[i] and redis.call('HEXISTS', jobs, id) == 1
  end
  for _, set in ipairs(elsewhere) do
    for i, score in ipairs(redis.call('ZMSCORE', set, unpack(ids))) do
      found[i] = found[i] and not score
    end
  end
  return found
end
