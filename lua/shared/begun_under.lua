-- begun_under(calls, leases): by lease, the number of the newest claim under it of which it is certain that all jobs have started, or were
-- about to, as the worker's last claim said. Jobs of later ones may have waited in the worker when it died.
local function begun_under(calls, leases)
  local names, begun = {}, {}
  for i, lease in ipairs(leases) do
    names[i] = lease .. ':claim'
  end
  for i, row in ipairs(#names > 0 and rows(calls, names) or {}) do
    begun[leases[i]] = tonumber((row or ''):match('^[^\n\t]*\n?[^\n\t]*\t(%d+)') or math.huge)
  end
  return begun
end
