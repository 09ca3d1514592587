#!lua flags=allow-oom
-- keep: what scripts publish goes to a stream as well, which keeps the newest messages; with a length of 0 no more, and the stream goes.
--
-- KEYS audience string exists while somebody listens: 0, or the length of the stream
--      stream   stream m: a message
-- ARGV length   about so many messages are kept; 0 for no stream
--      lifetime ms for which those who listen without a stream go on to be told
-- REPLY done
-- HOLDS nothing
local audience, stream = unpack(KEYS)
local length, lifetime = unpack(ARGV)

if length ~= '0' then
  redis.call('SET', audience, length)
  return 'done'
end
if (redis.call('GET', audience) or '0') ~= '0' then
  redis.call('SET', audience, '0', 'PX', lifetime)
end
redis.call('UNLINK', stream)
return 'done'
