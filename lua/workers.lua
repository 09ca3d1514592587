#!lua flags=allow-oom
-- workers: reads a page of the workers' rows, gone ones included, and how many leases live.
--
-- KEYS workers  hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
--      leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
-- ARGV cursor   0 to begin, else from the last reply; '' for no rows
-- REPLY { cursor, 0 at the end; the server's time (ms); how many leases live; for each worker its lease, its deadline in leases or '',
--       how many jobs it holds, its row }
-- HOLDS nothing
-- USES clock
local workers, leases, held = unpack(KEYS)
local cursor = unpack(ARGV)

local now = clock()
local reply = { '0', string.format('%.0f', now), redis.call('ZCOUNT', leases, now, '+inf') }
local page = cursor ~= '' and redis.call('HSCAN', workers, cursor, 'COUNT', 100) or { '0', {} }
reply[1] = page[1]
local ids = {}
for at = 1, #page[2], 2 do
  ids[#ids + 1] = page[2][at]
end
if #ids == 0 then return reply end
local deadlines = redis.call('ZMSCORE', leases, unpack(ids))
local counts = redis.call('HMGET', held, unpack(ids))
for i, lease in ipairs(ids) do
  reply[#reply + 1], reply[#reply + 2] = lease, deadlines[i] or ''
  reply[#reply + 1], reply[#reply + 2] = counts[i] or '0', page[2][2 * i]
end
return reply
