#!lua flags=allow-oom
-- parents: what a job's parents have ended with, and the edges that are still open.
--
-- KEYS outcomes hash   child -> what its parents ended with, a line each: queue, id, word, text, a tab between them
--      awaiting zset   edges by child
-- ARGV id       of the child
-- REPLY { its row in outcomes or '', edges }
-- HOLDS nothing
local outcomes, awaiting = unpack(KEYS)
local id = unpack(ARGV)

local first, last = '[' .. id .. '\t', '(' .. id .. '\n'
local edges = redis.call('ZRANGE', awaiting, first, last, 'BYLEX', 'LIMIT', 0, 1000)
for at, member in ipairs(edges) do
  edges[at] = member:sub(#id + 2)
end
return { redis.call('HGET', outcomes, id) or '', edges }
