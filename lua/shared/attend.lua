-- attend(news, ...): whether any of the keys given exists, and in news.heard whether somebody listens: one command for both, since EXISTS
-- counts a key as often as it is named.
local function attend(news, ...)
  local audience, names = news[3], { ... }
  local others = #names
  for _ = 0, others do
    names[#names + 1] = audience
  end
  local count = redis.call('EXISTS', unpack(names))
  news.heard = count > others
  return count % (others + 1) > 0
end
