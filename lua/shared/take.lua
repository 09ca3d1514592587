-- take(waiting, tombstones, count): pops up to `count` live ids, looking at 1,000 entries at most; a void entry takes one off its
-- tombstone. Returns the ids and whether it gave up before it had them or the list ended.
local function take(waiting, tombstones, count)
  if count == 0 or redis.call('HLEN', tombstones) == 0 then
    return count > 0 and redis.call('LPOP', waiting, count) or {}, false
  end
  local ids = {}
  for _ = 1, 1000 do
    local id = #ids < count and redis.call('LPOP', waiting)
    if not id then return ids, false end
    local void = redis.call('HEXISTS', tombstones, id) == 1
    ids[#ids + 1] = not void and id or nil
    if void and redis.call('HINCRBY', tombstones, id, -1) == 0 then
      redis.call('HDEL', tombstones, id)
    end
  end
  return ids, true
end
