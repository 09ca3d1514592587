-- finish(keys, news, columns, ids, ended, word, age, now, details): the jobs at the indexes `ended` enter the set of their last state, for
-- `age` ms or for ever (''), or are forgotten at once ('0'). A watched one stays for a minute at least, and its end is told even if
-- nobody listens; one that has dependents gets `word` in releasing. `details`: outcome or failure by index, for tell_ends. Returns the
-- indexes of those that stay, and those with dependents as keys.
local function finish(keys, news, columns, ids, ended, word, age, now, details)
  local set, releasing, evicting = unpack(keys)
  local watched, over, watch = columns[#columns], {}, {}
  local kept, told, rows, due, dropped = {}, {}, {}, {}, {}
  for n, i in ipairs(ended) do
    over[n] = ids[i]
  end
  local plain = #over == 0 or not attend(news, unpack(columns, #columns - 3))
  if plain and age == '0' and not news.heard then
    if #over > 0 then forget(columns, over, plain) end
    return kept, told
  end
  if not plain then watch = redis.call('HMGET', watched, unpack(over)) end
  -- A number that is written once for all of them costs a third less than one for each.
  local at = string.format('%.0f', now)
  local ends = string.format('%.0f', now + (tonumber(age) or 0))
  local longer = string.format('%.0f', now + math.max(tonumber(age) or 0, 60000))
  for n, i in ipairs(ended) do
    if age == '0' and not watch[n] then
      dropped[#dropped + 1] = ids[i]
    else
      kept[#kept + 1], rows[#rows + 1], rows[#rows + 2] = i, at, ids[i]
      if age ~= '' then
        due[#due + 1], due[#due + 2] = watch[n] and longer or ends, ids[i]
      end
      if watch[n] == 'parent' then
        told[i] = redis.call('HSET', releasing, ids[i], word)
        -- Who asks later shall hear it too; an end by itself is told by the job's state.
        if word == 'cancel' or word == 'release' then
          redis.call('HSET', watched, ids[i], 'parent\t' .. word)
        end
      end
    end
  end
  tell_ends(news, columns[6], ids, ended, watch, word, age, details)
  if #rows > 0 then redis.call('ZADD', set, unpack(rows)) end
  if #due > 0 then redis.call('ZADD', evicting, unpack(due)) end
  if #dropped > 0 then forget(columns, dropped, plain) end
  return kept, told
end
