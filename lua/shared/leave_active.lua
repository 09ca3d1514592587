-- leave_active(active, held, ids, tokens): the one step by which jobs leave `active`. A job goes if the token shown is the one
-- it is held under, and `held` of its lease falls with it. Returns settled or lost for each, and the indexes of those that left.
local function leave_active(active, held, ids, tokens)
  local words, left, gone, counts = {}, {}, {}, {}
  for i, token in ipairs(redis.call('HMGET', active, unpack(ids))) do
    words[i] = token == tokens[i] and not gone[ids[i]] and 'settled' or 'lost'
    if words[i] == 'settled' then
      left[#left + 1], gone[#gone + 1], gone[ids[i]] = i, ids[i], true
      counts[token] = (counts[token] or 0) + 1
    end
  end
  if #gone > 0 then redis.call('HDEL', active, unpack(gone)) end
  for token, count in pairs(counts) do
    local lease = token:match('^[^:]*')
    if redis.call('HINCRBY', held, lease, -count) == 0 then redis.call('HDEL', held, lease) end
  end
  return words, left
end
