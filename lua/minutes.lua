#!lua flags=allow-oom
-- minutes: reads the counters of a range of minutes and those of all time.
--
-- KEYS counters hash   minute modulo 20160, and total -> a minute (that of the first report in total), then the counts
-- ARGV first    minute; one that lies more than two weeks back stands for the oldest that there may be; '' for the last `most`
--      most     how many minutes to read
-- REPLY { this minute, the first that was looked for, total or '', the rows of those in which something was counted }
-- HOLDS nothing
-- USES clock
local counters = unpack(KEYS)
local first, most = unpack(ARGV)

local now = math.floor(clock() / 60000)
if first == '' then first = now - most + 1 end
first = math.max(first, now - 20159)
local fields, rows = { 'total' }, {}
for minute = first, math.min(first + most - 1, now) do
  fields[#fields + 1] = string.format('%.0f', minute % 20160)
end
local stored = redis.call('HMGET', counters, unpack(fields))
for i = 2, #fields do
  if stored[i] and tonumber(stored[i]:match('^%d+')) == first + i - 2 then
    rows[#rows + 1] = stored[i]
  end
end
return { now, first, stored[1] or '', rows }
