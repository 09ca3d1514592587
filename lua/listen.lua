#!lua flags=allow-oom
-- listen: somebody listens to what scripts publish, from now on and for a time.
--
-- KEYS audience string exists while somebody listens: 0, or the length of the stream that keeps the messages
-- ARGV lifetime ms after which nobody listens unless this is repeated
-- REPLY kept (somebody listened all the time, maybe another) | fresh (nobody did: what happened before was not published)
-- HOLDS a subscription to events
local audience = unpack(KEYS)
local lifetime = unpack(ARGV)

local length = redis.call('GET', audience)
if not length or length == '0' then redis.call('SET', audience, '0', 'PX', lifetime) end
return length and 'kept' or 'fresh'
