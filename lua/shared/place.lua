-- place(waiting, delayed, wake, ids, flags, chosen, now, news, prev, records): the jobs at the indexes `chosen` become delayed when their
-- traits tell a due time that is yet to come, else waiting. `prev` and `records` as for push.
local function place(waiting, delayed, wake, ids, flags, chosen, now, news, prev, records)
  local soon, later, delays = {}, {}, {}
  for _, i in ipairs(chosen) do
    local due = tonumber(flags[i] and flags[i]:match('"due":(%d+)') or 0)
    delays[i] = due - now
    table.insert(due > now and later or soon, i)
  end
  push(waiting, wake, ids, flags, soon, news, prev, records)
  if #later > 0 then postpone(delayed, wake, now, ids, delays, later, news, prev, records) end
end
