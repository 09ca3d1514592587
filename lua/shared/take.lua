-- take(waiting, tombstones, count): pops up to `count` live ids, looking at 1,000 entries at most; a void entry takes one off its
-- tombstone.
local function take(waiting, tombstones, count)
  local ids, void = {}, redis.call('HLEN', tombstones) > 0
  if not void then return redis.call('LPOP', waiting, count) or ids end
  for _ = 1, 1000 do
    local id = #ids < count and redis.call('LPOP', waiting)
    if not id then return ids end
    if redis.call('HEXISTS', tombstones, id) == 0 then
      ids[#ids + 1] = id
    elseif redis.call('HINCRBY', tombstones, id, -1) == 0 then
      redis.call('HDEL', tombstones, id)
    end
  end
  return ids
end
