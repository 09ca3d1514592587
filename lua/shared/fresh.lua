-- fresh(stored, ids): whether none of the ids is stored, as `known` has found.
local function fresh(stored, ids)
  for i in ipairs(ids) do
    if stored[i] then return false end
  end
  return true
end
