-- clock(): the server's time in ms, read once a script. As an argument of redis.call it keeps all its digits; in text put it by
-- string.format('%.0f', …), since `..` keeps 14.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
