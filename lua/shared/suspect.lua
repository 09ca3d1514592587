-- suspect(suspects, now, id, losses): puts a job that was lost with its worker where take_suspects finds it.
local function suspect(suspects, now, id, losses)
  redis.call('ZADD', suspects, now + (tonumber(losses) > 1 and 1e13 or 0), id)
end
