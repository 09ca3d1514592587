-- tally(outcomes, child, lines): adds what parents ended with to the child's row. Beyond 64 KiB a line loses its text: it says which
-- parent it was and how it ended, and its result is read from there.
local function tally(outcomes, child, lines)
  local parts = { redis.call('HGET', outcomes, child) or '' }
  local size = #parts[1]
  for _, line in ipairs(lines) do
    if size + #line > 65536 then line = line:match('^[^\t]*\t[^\t]*\t[^\t]*\t') end
    size, parts[#parts + 1] = size + #line + 1, line .. '\n'
  end
  redis.call('HSET', outcomes, child, table.concat(parts))
end
