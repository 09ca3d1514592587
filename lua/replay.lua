#!lua flags=allow-oom
-- replay: messages of the stream behind a position, in order; the first, and no more once 256 KiB are read.
--
-- KEYS audience string exists while somebody listens: 0, or the length of the stream
--      stream   stream m: a message
-- ARGV after    position of the last message that was read; 0 for all that there are, $ for none of them
--      limit    most messages
-- REPLY { none } when no stream is kept, or
--       { page | missed (behind the position some were trimmed), position to go on from, { position, message, … } }
-- HOLDS nothing
local audience, stream = unpack(KEYS)
local after, limit = unpack(ARGV)

local length = tonumber(redis.call('GET', audience) or 0)
if length == 0 then return { 'none' } end
if after == '$' then
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return { 'page', last and last[1] or '0-0', {} }
end
local stored = redis.call('XLEN', stream)
local word, messages, read = 'page', {}, 0
-- If anything at or before the position is there, nothing behind it was trimmed. 0-0 stands ahead of the first ever.
if after == '0' and stored == 0 then
  after = '0-0'
elseif after == '0-0' then
  word = stored >= length and 'missed' or word
elseif after ~= '0' and #redis.call('XREVRANGE', stream, after, '-', 'COUNT', 1) == 0 then
  word = 'missed'
  after = stored > 0 and after or '0-0'
end

while stored > 0 and read < 262144 and #messages < 2 * limit do
  local entry = redis.call('XRANGE', stream, '(' .. after, '+', 'COUNT', 1)[1]
  if not entry then break end
  local id, message = entry[1], entry[2][2]
  messages[#messages + 1], messages[#messages + 2] = id, message
  after, read = id, read + #message
end
return { word, after, messages }
