-- whereabouts(active, states, sets, id): the state of a stored job, and its token or the score that it has there, '' for a waiting one. Those
-- of the states whose sets are not given hold no jobs.
local function whereabouts(active, states, sets, id)
  local token = redis.call('HGET', active, id)
  if token then return 'active', token:match('^[^!]*') end
  for i, set in ipairs(sets) do
    local score = redis.call('ZSCORE', set, id)
    if score then return states[i], score end
  end
  return 'waiting', ''
end
