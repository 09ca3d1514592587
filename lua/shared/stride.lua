-- stride(waiting, at, last, count): up to `count` entries of waiting beyond the entry `last`, on the way from the tail to the head; '' to
-- begin. The tail only grows, so `last` stands `at` entries from it or farther: it is looked for from there, 1,000 entries a step. When it
-- has gone, all beyond it went before. Returns the ids, and where to go on: distance and entry, or nothing at the head.
local function stride(waiting, at, last, count)
  local room = count + 1000
  local window = redis.call('LRANGE', waiting, -(at + room), -(at + 1))
  local ids, found, reached = {}, last == '', at + room
  for n = #window, 1, -1 do
    if #ids == count then return ids, reached, last end
    if found then
      ids[#ids + 1], last = window[n], window[n]
    else
      found = window[n] == last
    end
    if found then reached = at + #window - n end
  end
  if #window == room then return ids, reached, last end
  return ids
end
