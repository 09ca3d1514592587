-- resize(traits, id, bytes): what its traits say of the size of a job's record, which has so many bytes now: nothing up to 1 KiB. The size is
-- always the first of them.
local function resize(traits, id, bytes)
  local flags = redis.call('HGET', traits, id) or '{}'
  local sized = flags:gsub('"size":%d+,?', '')
  if bytes > 1024 then sized = ('{"size":%d,%s'):format(bytes, sized:sub(2)):gsub(',}', '}') end
  if sized == flags then return end
  if sized == '{}' then return redis.call('HDEL', traits, id) end
  redis.call('HSET', traits, id, sized)
end
