-- surplus(ids, meta, state, keep, set, room, watched, evicting, now): adds to `ids` the oldest jobs of a state beyond the number that is
-- to stay, and looks at `room` at most. That number is kept in meta; '' leaves it as it is. A watched job gets its time in evicting,
-- and the next call begins behind it, so that such jobs hold up no others.
local function surplus(ids, meta, state, keep, set, room, watched, evicting, now)
  if keep ~= '' then redis.call('HSET', meta, 'keep ' .. state, keep) end
  local marks = redis.call('HMGET', meta, 'keep ' .. state, 'skip ' .. state)
  local most, skip = whole(marks[1]), whole(marks[2]) or 0
  local over = most and redis.call('ZCARD', set) - most or 0
  local first = skip < over and skip or 0
  local last = math.min(first + room, over) - 1
  local page, passed = last >= first and redis.call('ZRANGE', set, first, last) or {}, first
  local listed = {}
  for _, id in ipairs(ids) do
    listed[id] = true
  end
  for i, watch in ipairs(#page > 0 and redis.call('HMGET', watched, unpack(page)) or {}) do
    if watch then
      passed = passed + 1
      redis.call('ZADD', evicting, 'LT', now + (watch == 'awaited' and 60000 or 900000), page[i])
    elseif not listed[page[i]] then
      ids[#ids + 1] = page[i]
    end
  end
  if passed ~= skip then redis.call('HSET', meta, 'skip ' .. state, passed) end
end
