-- cut(awaiting, id): removes the edges of a child, of which there are 1,000 at most. Returns how many there were.
local function cut(awaiting, id)
  local first, last = '[' .. id .. '\t', '(' .. id .. '\n'
  local members = redis.call('ZRANGE', awaiting, first, last, 'BYLEX', 'LIMIT', 0, 1000)
  return #members > 0 and redis.call('ZREM', awaiting, unpack(members)) or 0
end
