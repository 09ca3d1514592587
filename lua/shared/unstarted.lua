-- unstarted(expiring, ids, flags, chosen): the jobs at the indexes `chosen` go back without having started: those whose traits, of which
-- `flags` has the rows, tell the end of a ttl expire then.
local function unstarted(expiring, ids, flags, chosen)
  local rows = {}
  for _, i in ipairs(chosen) do
    local ends = flags[i] and whole(flags[i]:match('"ends":(%d+)')) or 0
    if ends > 0 then
      rows[#rows + 1], rows[#rows + 2] = ends, ids[i]
    end
  end
  if #rows > 0 then redis.call('ZADD', expiring, unpack(rows)) end
end
