-- tell_ends(news, failures, ids, ended, watch, word, age, details): says how the jobs at the indexes `ended` have ended; if nobody listens,
-- only of the watched ones, and only that they have. `details`: outcome or failure by index, else it is the newest in `failures`, as long
-- as the rows read have no more than 256 KiB.
local function tell_ends(news, failures, ids, ended, watch, word, age, details)
  local state = (word == 'completed' or word == 'failed') and word or 'cancelled'
  local room = 262144
  for n, i in ipairs(ended) do
    if news.heard then
      local detail = details and details[i]
      if not details then room = room - redis.call('HSTRLEN', failures, ids[i]) end
      detail = detail or room >= 0 and redis.call('HGET', failures, ids[i]) or ''
      local gone = age == '0' and not watch[n]
      say(news, state, ids[i], gone and '1' or '0', detail:match('^[^\n]*'))
    elseif watch[n] then
      say(news, 'ended', ids[i])
    end
  end
end
