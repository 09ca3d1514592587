-- stand(state, jobs, active, places, ids): whether each of these jobs is in that state; nothing for ''. `places` are the sets of delayed,
-- deferred, completed, failed and cancelled ones.
local function stand(state, jobs, active, places, ids)
  local order = { delayed = 1, deferred = 2, completed = 3, failed = 4, cancelled = 5 }
  local set = places[order[state]]
  if set then return redis.call('ZMSCORE', set, unpack(ids)) end
  return state == 'waiting' and waits(jobs, active, places, ids)
end
