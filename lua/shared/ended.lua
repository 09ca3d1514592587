-- ended(sets, id): whether the job is in one of the sets.
local function ended(sets, id)
  for _, set in ipairs(sets) do
    if redis.call('ZSCORE', set, id) then return true end
  end
  return false
end
