#!lua flags=allow-oom
-- survey: of what type each key of the queue is, and how much it holds.
--
-- KEYS keyspace all keys of the queue
-- REPLY { type, or none; how many rows, members or entries } for each key, in order
-- HOLDS nothing
local keyspace = { unpack(KEYS, 1) }
local counts = { hash = 'HLEN', zset = 'ZCARD', list = 'LLEN' }

local reply = {}
for at, key in ipairs(keyspace) do
  local kind = redis.call('TYPE', key).ok
  reply[at] = { kind, counts[kind] and redis.call(counts[kind], key) or 0 }
end
return reply
