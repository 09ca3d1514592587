-- take(waiting, tombstones, count): pops up to `count` live ids, and the void entries before and behind them, 1,000 entries at
-- most; a void entry takes one off its tombstone.
local function take(waiting, tombstones, count)
  local ids, void = {}, redis.call('HLEN', tombstones) > 0
  if not void then return redis.call('LPOP', waiting, count) or ids end
  for _ = 1, 1000 do
    local id = redis.call('LINDEX', waiting, 0)
    local live = id and redis.call('HEXISTS', tombstones, id) == 0
    if not id or (live and #ids == count) then return ids end
    redis.call('LPOP', waiting)
    ids[#ids + 1] = live and id or nil
    if not live and redis.call('HINCRBY', tombstones, id, -1) == 0 then
      redis.call('HDEL', tombstones, id)
    end
  end
  return ids
end
