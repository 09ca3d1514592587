-- blame(failures, ids, lines, chosen): puts the failure of each job at the indexes `chosen` on a line before those of its earlier
-- attempts; the newest ten stay.
local function blame(failures, ids, lines, chosen)
  local histories = {}
  for _, i in ipairs(chosen) do
    local history = lines[i] .. '\n' .. (redis.call('HGET', failures, ids[i]) or '')
    histories[i] = history:match('^' .. ('[^\n]*\n?'):rep(10))
  end
  fill(failures, ids, histories, chosen)
end
