#!lua flags=allow-oom
-- recheck: deferred -> deferred. Children whose parents have not been heard of for a while, with their open edges, so that `depend` may
-- ask again. The next check follows after 5 s, doubled each time, 10 min at most: how often is kept in the eighths of the score.
--
-- KEYS deferred zset   ids by the time of their next check (ms)
--      awaiting zset   edges by child
-- ARGV limit    most children
-- REPLY edges of the children that are due, 1,000 and those of one child at most
-- HOLDS nothing
-- USES clock
local deferred, awaiting = unpack(KEYS)
local limit = unpack(ARGV)

local now, edges = clock(), {}
local due = redis.call('ZRANGE', deferred, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
for at = 1, #due, 2 do
  if #edges >= 1000 then break end
  local id, times = due[at], math.min(7, due[at + 1] % 1 * 8 + 1)
  local first, last = '[' .. id .. '\t', '(' .. id .. '\n'
  for _, member in ipairs(redis.call('ZRANGE', awaiting, first, last, 'BYLEX', 'LIMIT', 0, 1000)) do
    edges[#edges + 1] = member:sub(#id + 2)
  end
  local next_check = now + math.min(600000, 5000 * 2 ^ times) + times / 8
  redis.call('ZADD', deferred, string.format('%.3f', next_check), id)
end
return edges
