-- reopen(rare, ids, chosen, marks): the finished jobs at the indexes `chosen` are to end again: they don't go with their last end, and
-- nobody is told of it any more. `rare` is { watched, releasing, evicting }, or false when there are none; `marks` has rows of watched.
local function reopen(rare, ids, chosen, marks)
  if not rare or #chosen == 0 then return end
  local watched, releasing, evicting = unpack(rare)
  local gone = {}
  for n, i in ipairs(chosen) do
    gone[n] = ids[i]
    if marks[i] and marks[i] ~= 'awaited' then redis.call('HSET', watched, ids[i], 'parent') end
  end
  redis.call('HDEL', releasing, unpack(gone))
  redis.call('ZREM', evicting, unpack(gone))
end
