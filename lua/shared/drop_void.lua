-- drop_void(jobs, active, sets, waiting, tombstones): unlinks waiting when all its entries are void, since every job is elsewhere.
local function drop_void(jobs, active, sets, waiting, tombstones)
  local others = redis.call('HLEN', active)
  for _, set in ipairs(sets) do
    others = others + redis.call('ZCARD', set)
  end
  if redis.call('HLEN', jobs) == others then redis.call('UNLINK', waiting, tombstones) end
end
