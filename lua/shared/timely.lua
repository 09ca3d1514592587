-- timely(expiring, ids, now, plain): of jobs that a claim took, those whose ttl has not ended: they leave expiring. The others stay there
-- with a score of 0, which says that they have no entry in waiting, for `expire`. Returns the ids, the end of each ttl (ms) by index,
-- and how many were late. `plain`: nothing expires.
local function timely(expiring, ids, now, plain)
  if #ids == 0 or plain then return ids, {}, 0 end
  local fit, ends, started, late = {}, {}, {}, {}
  for i, at in ipairs(redis.call('ZMSCORE', expiring, unpack(ids))) do
    if at and tonumber(at) <= now then
      late[#late + 1], late[#late + 2] = 0, ids[i]
    else
      fit[#fit + 1], started[#started + 1] = ids[i], at and ids[i] or nil
      ends[#fit] = at or ''
    end
  end
  if #started > 0 then redis.call('ZREM', expiring, unpack(started)) end
  if #late > 0 then redis.call('ZADD', expiring, unpack(late)) end
  return fit, ends, #late / 2
end
