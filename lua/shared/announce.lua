-- announce(news, now): publishes what was said in this call as one message: the time (ms), then a line for each event. The queue's stream gets
-- it too, if it keeps one: then `audience` has the stream's length. A client that may not publish does its work all the same.
local function announce(news, now)
  local events, stream, audience = news[1], news[2], news[3]
  if #news == 3 then return end
  local message = string.format('%.0f\n', now) .. table.concat(news, '\n', 4)
  redis.pcall('PUBLISH', events, message)
  local length = news.heard and redis.call('GET', audience) or '0'
  if length ~= '0' then redis.call('XADD', stream, 'MAXLEN', '~', length, '*', 'm', message) end
end
