-- leave_active(active, held, stopping, ids, tokens, ends): the one step by which jobs leave `active`. A job goes if the token shown is
-- the one it is held under, and `held` of its lease falls with it. One that was asked to stop has `!` and a word behind its token: it
-- goes only where jobs end. Returns settled, lost or stopping for each (one settled if all are), the indexes of those that left, and
-- the words by index. A row of `held` that can't be counted on from stays, and so does its lease, for lapse.
local function leave_active(active, held, stopping, ids, tokens, ends)
  local function let_go(token, count)
    local lease = token:match('^[^:]*')
    if redis.pcall('HINCRBY', held, lease, -count) == 0 then redis.call('HDEL', held, lease) end
  end
  local stored, same, left = redis.call('HMGET', active, unpack(ids)), tokens[1], {}
  for i, token in ipairs(stored) do
    if token ~= same or tokens[i] ~= same then break end
    left[i] = i
  end
  -- Fewer go where an id stands twice.
  if #left == #ids and redis.call('HDEL', active, unpack(ids)) == #ids then
    let_go(same, #ids)
    return { 'settled' }, left, {}
  end
  local words, gone, counts, asked = {}, {}, {}, {}
  left = {}
  for i, token in ipairs(stored) do
    if token and #token > #tokens[i] and token:sub(1, #tokens[i] + 1) == tokens[i] .. '!' then
      token, asked[i] = tokens[i], token:match('!(.*)')
    end
    words[i] = token == tokens[i] and not gone[ids[i]] and 'settled' or 'lost'
    if asked[i] and words[i] == 'settled' and not ends then words[i] = 'stopping' end
    if words[i] == 'settled' then
      left[#left + 1], gone[#gone + 1], gone[ids[i]] = i, ids[i], true
      counts[token] = (counts[token] or 0) + 1
      if asked[i] then redis.call('ZREM', stopping, token:match('^[^:]*') .. '\t' .. ids[i]) end
    end
  end
  if #gone > 0 then redis.call('HDEL', active, unpack(gone)) end
  for token, count in pairs(counts) do
    let_go(token, count)
  end
  return words, left, asked
end
