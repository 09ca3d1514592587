-- voids(jobs, active, elsewhere, tombstones, ids): of these entries of waiting, 1,000 at most, those of jobs that don't wait.
local function voids(jobs, active, elsewhere, tombstones, ids)
  local marked, gone = {}, {}
  if #ids == 0 or redis.call('EXISTS', tombstones) == 0 then return gone end
  for i, count in ipairs(redis.call('HMGET', tombstones, unpack(ids))) do
    marked[#marked + 1] = count and ids[i] or nil
  end
  for i, waiting in ipairs(#marked > 0 and waits(jobs, active, elsewhere, marked) or {}) do
    gone[#gone + 1] = not waiting and marked[i] or nil
  end
  return gone
end
