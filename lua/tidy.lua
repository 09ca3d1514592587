#!lua flags=allow-oom
-- tidy: forgets callers that have been silent for long, one bounded step.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
-- ARGV cursor   0 to begin a pass, else from the last reply
--      age      ms of silence
-- REPLY cursor, 0 at the end of the pass
-- HOLDS nothing
-- USES clock
local calls = unpack(KEYS)
local cursor, age = unpack(ARGV)

local oldest = clock() - age
local page = redis.call('HSCAN', calls, cursor, 'COUNT', 100)
for at = 1, #page[2], 2 do
  if tonumber(page[2][at + 1]:match('^%d+ (%d+)')) < oldest then
    redis.call('HDEL', calls, page[2][at])
  end
end
return page[1]
