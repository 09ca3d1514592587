-- postpone(delayed, wake, now, ids, delays, chosen, news, prev, records): the jobs at the indexes `chosen` become due `delays` ms from now;
-- sets the marker when one of them is the earliest. `prev` and `records` as for push.
local function postpone(delayed, wake, now, ids, delays, chosen, news, prev, records)
  local rows, before = {}, redis.call('ZRANGE', delayed, 0, 0)[1]
  for _, i in ipairs(chosen) do
    local due = now + delays[i]
    rows[#rows + 1], rows[#rows + 2] = due, ids[i]
    if news.heard then
      say(news, 'delayed', ids[i], prev, string.format('%.0f', due), records and title(records[i]))
    end
  end
  if #rows > 0 then redis.call('ZADD', delayed, unpack(rows)) end
  if redis.call('ZRANGE', delayed, 0, 0)[1] ~= before then mark(wake) end
end
