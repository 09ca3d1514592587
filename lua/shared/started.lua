-- started(traits, ids, flags, chosen): the jobs at the indexes `chosen` have run. Their traits, of which `flags` has the rows, tell of no end
-- of a ttl any more.
local function started(traits, ids, flags, chosen)
  local kept, bare = {}, {}
  for _, i in ipairs(chosen) do
    if flags[i] and flags[i]:find('"ends":', 1, true) then
      flags[i] = flags[i]:gsub(',?"ends":%d+', ''):gsub('{,', '{')
      table.insert(flags[i] == '{}' and bare or kept, flags[i] == '{}' and ids[i] or i)
    end
  end
  fill(traits, ids, flags, kept)
  if #bare > 0 then redis.call('HDEL', traits, unpack(bare)) end
end
