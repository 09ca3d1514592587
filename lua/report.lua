#!lua flags=allow-oom
-- report: what a client counted since its last report joins the counters, and a worker's row becomes as given. A minute's row lies at
-- its number modulo two weeks of minutes and takes the place of what was there two weeks before, so the counters never grow.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      leases   zset   lease by deadline (ms), 0 for a dead one
--      counters hash   minute modulo 20160, and total -> a minute (that of the first report in total), then the counts
--      workers  hash   lease -> its deadline (ms) as last known, then what its worker tells of itself
-- ARGV call     the caller's row in calls
--      number   of this call
--      lease    the caller's, '' of a client that has none
--      former   a lease of the same worker that was lost before and whose row goes, or ''
--      row      JSON; '' leaves the worker's row as it is
--      counts   a number for each counter, blank between them; '' for none
-- REPLY reported | dead (nothing was done, or a copy had been answered before the lease went) | stale
-- HOLDS one call in flight
-- USES answered, remember, clock
local calls, leases, counters, workers = unpack(KEYS)
local call, number, lease, former, row, counts = unpack(ARGV)

local before = answered(calls, call, number)
if before then return before end
local deadline = lease ~= '' and redis.call('ZSCORE', leases, lease) or '0'
if lease ~= '' and deadline == '0' then return 'dead' end

local now, rows = clock(), {}
local minute = string.format('%.0f', math.floor(now / 60000))
local fields = counts == '' and {} or { string.format('%.0f', minute % 20160), 'total' }
for i, stored in ipairs(#fields > 0 and redis.call('HMGET', counters, unpack(fields)) or {}) do
  local sums, more = {}, (stored or ''):gmatch('%d+')
  local since = more()
  if i == 1 and since ~= minute then
    since, more = minute, (''):gmatch('%d+')
  end
  for count in counts:gmatch('%d+') do
    sums[#sums + 1] = string.format('%.0f', count + (more() or 0))
  end
  for newer in more do
    sums[#sums + 1] = newer
  end
  rows[2 * i - 1], rows[2 * i] = fields[i], (since or minute) .. ' ' .. table.concat(sums, ' ')
end
if #rows > 0 then redis.call('HSET', counters, unpack(rows)) end
if former ~= '' then redis.call('HDEL', workers, former) end
if row ~= '' then redis.call('HSET', workers, lease, deadline .. ' ' .. row) end
return remember(calls, call, number, now, 'reported')
