-- admit(jobs, traits, expiring, watched, stored, ids, records, flags, now, left): stores each job whose id is neither stored nor earlier in the
-- batch, `left` of them at most. A ttl (ms) in its traits begins now and becomes its end; a delay there becomes a due time. Returns added,
-- duplicate or full for each, and the indexes of those added.
local function admit(jobs, traits, expiring, watched, stored, ids, records, flags, now, left)
  local words, added, flagged, seen = {}, {}, {}, {}
  local function due(delay) return string.format('"due":%.0f', now + delay) end
  for i, id in ipairs(ids) do
    words[i] = (stored[i] or seen[id]) and 'duplicate' or #added < left and 'added' or 'full'
    if words[i] == 'added' then
      seen[id], added[#added + 1] = true, i
      if flags[i] ~= '' then
        local ttl = flags[i]:match('"ttl":(%d+)')
        if ttl then
          redis.call('ZADD', expiring, now + ttl, id)
          flags[i] = flags[i]:gsub('"ttl":%d+', string.format('"ends":%.0f', now + ttl))
        end
        if flags[i]:find('"parent":true', 1, true) then
          redis.call('HSET', watched, id, 'parent')
        end
        flagged[#flagged + 1], flags[i] = i, flags[i]:gsub('"delay":(%d+)', due)
      end
    end
  end
  fill(jobs, ids, records, added)
  fill(traits, ids, flags, flagged)
  return words, added
end
