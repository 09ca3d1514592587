#!lua flags=allow-oom
-- dependents: the edges of a parent that were not told yet, a page of them.
--
-- KEYS dependents zset   edges by parent
-- ARGV parent     its id
--      after      last edge of the last page, '' at first
--      limit      most edges
-- REPLY edges
-- HOLDS nothing
local dependents = unpack(KEYS)
local parent, after, limit = unpack(ARGV)

local first, last = '(' .. parent .. '\t' .. after, '(' .. parent .. '\n'
local edges = redis.call('ZRANGE', dependents, first, last, 'BYLEX', 'LIMIT', 0, limit)
for at, member in ipairs(edges) do
  edges[at] = member:sub(#parent + 2)
end
return edges
