#!lua flags=allow-oom
-- browse: one page of one key, about 200 rows or 64 KiB; or these rows of it.
--
-- KEYS keyspace all keys of the queue
-- ARGV place    of the key among these, from 1 on
--      kind     hash | zset | list
--      cursor   0 to begin, else from the last reply
--      whole    1 to be given values and scores too
-- EACH id       field or member to look at, instead of a page
-- REPLY { cursor, 0 at the end; fields, members, or entries from the tail on; their values or scores if asked for, nil for what is not there }
-- HOLDS nothing
-- USES column
local keyspace = { unpack(KEYS, 1) }
local place, kind, cursor, whole = unpack(ARGV)
local ids = column(5, 1)
local key = keyspace[tonumber(place)]

if #ids > 0 then
  return { '0', ids, redis.call(kind == 'hash' and 'HMGET' or 'ZMSCORE', key, unpack(ids)) }
end
if kind == 'list' then
  -- From the tail on, so that pops at the head move nothing that is yet to come.
  local first, last = -cursor - 200, -cursor - 1
  local entries = redis.call('LRANGE', key, first, last)
  return { #entries == 200 and string.format('%.0f', -first) or '0', entries, {} }
end
local page
if kind == 'zset' then
  page = redis.call('ZSCAN', key, cursor, 'COUNT', 200)
else
  local samples, bytes = redis.call('HRANDFIELD', key, 4), 0
  for _, id in ipairs(samples) do
    bytes = bytes + redis.call('HSTRLEN', key, id)
  end
  local room = math.floor(65536 * #samples / (bytes + 1))
  page = redis.call('HSCAN', key, cursor, 'COUNT', math.max(1, math.min(200, room)))
end
local found, values = {}, {}
for at = 1, #page[2], 2 do
  found[#found + 1] = page[2][at]
  values[#values + 1] = whole == '1' and page[2][at + 1] or nil
end
return { page[1], found, values }
