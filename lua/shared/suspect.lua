-- suspect(suspects, now, id, losses): puts a job that was lost with its worker where take_suspects finds it, also when nobody can read how
-- often: it has left `active` by now.
local function suspect(suspects, now, id, losses)
  redis.call('ZADD', suspects, now + ((tonumber(losses) or 0) > 1 and 1e13 or 0), id)
end
