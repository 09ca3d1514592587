-- blame(results, ids, failures, chosen): puts the failure of each job at the indexes `chosen` on a line before those of its
-- earlier attempts; the newest ten stay.
local function blame(results, ids, failures, chosen)
  local histories = {}
  for _, i in ipairs(chosen) do
    local lines = failures[i] .. '\n' .. (redis.call('HGET', results, ids[i]) or '')
    histories[i] = lines:match('^' .. ('[^\n]*\n?'):rep(10))
  end
  fill(results, ids, histories, chosen)
end
