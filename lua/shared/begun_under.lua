-- begun_under(calls, lease): the number of the newest claim under a lease of which it is certain that all jobs have started, or were about to,
-- as the worker's last claim said. Jobs of later ones may have waited in the worker when it died.
local function begun_under(calls, lease)
  local row = redis.call('HGET', calls, lease .. ':claim') or ''
  return tonumber(row:match('^[^\n\t]*\n?[^\n\t]*\t(%d+)') or math.huge)
end
