-- listed(ids, ends): a line for each id, with the end (ms) of a ttl behind those that have one.
local function listed(ids, ends)
  if #ends == 0 then return ids end
  local lines = {}
  for i, id in ipairs(ids) do
    lines[i] = ends[i] == '' and id or id .. '\t' .. ends[i]
  end
  return lines
end
