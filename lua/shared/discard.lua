-- discard(keys, finished, columns, ids, chosen, watch, now, unrelated): forgets the jobs at the indexes `chosen`, which stand in no state but, if they
-- are parents, perhaps one of the sets `finished`. A parent (`watch` has the rows of watched) stays there, else in cancelled, until
-- its dependents were told, for 15 min at least. Returns the indexes of these as keys. `unrelated`: none has parents or dependents.
local function discard(keys, finished, columns, ids, chosen, watch, now, unrelated)
  local cancelled, releasing, evicting, events = unpack(keys)
  local watched = columns[#columns]
  local gone, told, seen = {}, {}, {}
  for _, i in ipairs(chosen) do
    if watch[i] then seen[#seen + 1] = ids[i] end
    if not watch[i] or watch[i] == 'awaited' then
      gone[#gone + 1] = ids[i]
    else
      if not ended(finished, ids[i]) then redis.call('ZADD', cancelled, now, ids[i]) end
      redis.call('HSETNX', releasing, ids[i], 'removed')
      redis.call('HSET', watched, ids[i], 'parent\tremoved')
      redis.call('ZADD', evicting, now + 900000, ids[i])
      told[i] = true
    end
  end
  if #gone > 0 then forget(columns, gone, unrelated) end
  if #seen > 0 then redis.call('PUBLISH', events, table.concat(seen, '\n')) end
  return told
end
