-- admit(jobs, traits, ids, records, flags): stores each job whose id is neither stored nor earlier in the batch. Returns added or
-- duplicate for each, and the indexes of those added.
local function admit(jobs, traits, ids, records, flags)
  local words, added, flagged, seen, stored = {}, {}, {}, {}, known(jobs, traits, ids)
  for i, id in ipairs(ids) do
    words[i] = (stored[i] or seen[id]) and 'duplicate' or 'added'
    if words[i] == 'added' then
      seen[id], added[#added + 1] = true, i
      flagged[#flagged + 1] = flags[i] ~= '' and i or nil
    end
  end
  fill(jobs, ids, records, added)
  fill(traits, ids, flags, flagged)
  return words, added
end
