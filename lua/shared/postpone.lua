-- postpone(delayed, wake, now, ids, delays, chosen): the jobs at the indexes `chosen` become due `delays` ms from now; sets the
-- marker when one of them is the earliest.
local function postpone(delayed, wake, now, ids, delays, chosen)
  local rows, before = {}, redis.call('ZRANGE', delayed, 0, 0)[1]
  for _, i in ipairs(chosen) do
    rows[#rows + 1], rows[#rows + 2] = now + delays[i], ids[i]
  end
  if #rows > 0 then redis.call('ZADD', delayed, unpack(rows)) end
  if redis.call('ZRANGE', delayed, 0, 0)[1] ~= before then mark(wake) end
end
