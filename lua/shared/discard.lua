-- discard(keys, news, finished, columns, ids, chosen, watch, now, plain): forgets the jobs at the indexes `chosen`, which stand in no state
-- but, if they are parents, perhaps one of the sets `finished`. A parent (`watch` has the rows of watched) stays there, else in
-- cancelled, until its dependents were told, for 15 min at least. Returns the indexes of these as keys. `plain` as for forget.
local function discard(keys, news, finished, columns, ids, chosen, watch, now, plain)
  local cancelled, releasing, evicting = unpack(keys)
  local watched = columns[#columns]
  local gone, told = {}, {}
  for _, i in ipairs(chosen) do
    local event = { 'removed', ids[i] }
    if not watch[i] or watch[i] == 'awaited' then
      gone[#gone + 1] = ids[i]
    else
      event = not ended(finished, ids[i]) and { 'cancelled', ids[i], '0', '' }
      if event then redis.call('ZADD', cancelled, now, ids[i]) end
      local untold = redis.call('HGET', releasing, ids[i])
      -- What settles every edge is still to be heard; a failure or a cancel leaves those that hope, who may have been told of it already.
      if not untold or untold == 'failed' or untold == 'cancelled' then
        redis.call('HSET', releasing, ids[i], 'removed')
      end
      redis.call('HSET', watched, ids[i], 'parent\tremoved')
      redis.call('ZADD', evicting, 'LT', now + 900000, ids[i])
      told[i] = true
    end
    if not news.heard then event = watch[i] and { 'ended', ids[i] } end
    if event then say(news, unpack(event)) end
  end
  if #gone > 0 then forget(columns, gone, plain) end
  return told
end
