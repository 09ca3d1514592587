-- conclude(keys, failures, news, columns, ids, flags, lines, chosen, word, now): as finish, for jobs that end without having run: each stays
-- as its traits say, and `lines` tell why. Returns those with dependents as keys.
local function conclude(keys, failures, news, columns, ids, flags, lines, chosen, word, now)
  local groups, all = {}, {}
  for _, i in ipairs(chosen) do
    local age = retention(flags[i])
    groups[age] = groups[age] or {}
    table.insert(groups[age], i)
  end
  for age, group in pairs(groups) do
    local kept, told = finish(keys, news, columns, ids, group, word, age, now, lines)
    blame(failures, ids, lines, kept)
    for i in pairs(told) do
      all[i] = true
    end
  end
  return all
end
