-- finish(keys, columns, ids, ended, word, age, now): the jobs at the indexes `ended` enter the set of their last state, for `age` ms or
-- for ever (''), or are forgotten at once ('0'). A watched one stays for a minute at least and is told by an event; one that has
-- dependents gets `word` in releasing. Returns the indexes of those that stay, and those with dependents as keys.
local function finish(keys, columns, ids, ended, word, age, now)
  local set, releasing, evicting, events = unpack(keys)
  local outcomes, watched, over, watch = columns[#columns - 1], columns[#columns], {}, {}
  local kept, told, rows, due, dropped, seen = {}, {}, {}, {}, {}, {}
  local unrelated = #ended == 0 or redis.call('EXISTS', outcomes, watched) == 0
  if not unrelated then
    for n, i in ipairs(ended) do
      over[n] = ids[i]
    end
    watch = redis.call('HMGET', watched, unpack(over))
  end
  for n, i in ipairs(ended) do
    if age == '0' and not watch[n] then
      dropped[#dropped + 1] = ids[i]
    else
      kept[#kept + 1], rows[#rows + 1], rows[#rows + 2] = i, now, ids[i]
      if age ~= '' then
        due[#due + 1], due[#due + 2] = now + math.max(age, watch[n] and 60000 or 0), ids[i]
      end
      if watch[n] then seen[#seen + 1] = ids[i] end
      if watch[n] == 'parent' then
        told[i] = redis.call('HSET', releasing, ids[i], word)
        -- Who asks later shall hear it too; an end by itself is told by the job's state.
        if word == 'cancel' or word == 'release' then
          redis.call('HSET', watched, ids[i], 'parent\t' .. word)
        end
      end
    end
  end
  if #rows > 0 then redis.call('ZADD', set, unpack(rows)) end
  if #due > 0 then redis.call('ZADD', evicting, unpack(due)) end
  if #seen > 0 then redis.call('PUBLISH', events, table.concat(seen, '\n')) end
  if #dropped > 0 then forget(columns, dropped, unrelated) end
  return kept, told
end
