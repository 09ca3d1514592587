-- listed(ids, ends): the ids, a line each, with the end (ms) of a ttl behind those that have one.
local function listed(ids, ends)
  if #ends == 0 then return table.concat(ids, '\n') end
  local lines = {}
  for i, id in ipairs(ids) do
    lines[i] = ends[i] == '' and id or id .. '\t' .. ends[i]
  end
  return table.concat(lines, '\n')
end
