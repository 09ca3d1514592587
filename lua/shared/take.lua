-- take(waiting, tombstones, count): pops up to `count` live ids, and the void entries before and behind them, 1,000 entries at
-- most; a void entry takes one off its tombstone.
local function take(waiting, tombstones, count)
  if redis.call('HLEN', tombstones) == 0 then return redis.call('LPOP', waiting, count) or {} end
  local ids, void, left, looked, size, popped = {}, {}, {}, 0, 0, 0
  repeat
    size, popped = math.min(1000 - looked, count - #ids + 16), 0
    local entries = redis.call('LRANGE', waiting, 0, size - 1)
    local stones = #entries > 0 and redis.call('HMGET', tombstones, unpack(entries))
    for i, id in ipairs(entries) do
      left[id] = left[id] or tonumber(stones[i] or 0) or 0
      if left[id] == 0 and #ids == count then break end
      if left[id] == 0 then ids[#ids + 1] = id end
      if left[id] > 0 then
        left[id], void[id] = left[id] - 1, true
      end
      popped = i
    end
    if popped > 0 then redis.call('LPOP', waiting, popped) end
    looked = looked + popped
  until popped < size or looked == 1000
  local gone, rows = {}, {}
  for id in pairs(void) do
    if left[id] == 0 then gone[#gone + 1] = id end
    if left[id] > 0 then
      rows[#rows + 1], rows[#rows + 2] = id, left[id]
    end
  end
  if #gone > 0 then redis.call('HDEL', tombstones, unpack(gone)) end
  if #rows > 0 then redis.call('HSET', tombstones, unpack(rows)) end
  return ids
end
