-- withdraw(sets, rare, tombstones, id): takes a job that is not active out of where it stands: one of `sets`, deferred with its edges, or
-- waiting. `rare` is { deferred, awaiting, expiring }, or false when there are none. Returns how many edges it had.
local function withdraw(sets, rare, tombstones, id)
  local deferred, awaiting, expiring = unpack(rare or {})
  local ends = rare and redis.call('ZSCORE', expiring, id)
  if ends then redis.call('ZREM', expiring, id) end
  for _, set in ipairs(sets) do
    if redis.call('ZREM', set, id) == 1 then return 0 end
  end
  if rare and redis.call('ZREM', deferred, id) == 1 then return cut(awaiting, id) end
  -- A claim has taken the entry of an expired job already (see timely).
  if ends ~= '0' then redis.call('HINCRBY', tombstones, id, 1) end
  return 0
end
