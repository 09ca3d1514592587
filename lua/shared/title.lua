-- title(record): a job's name as its record has it, JSON text.
local function title(record)
  local stop = record:find('["\\]', 3)
  if stop and record:byte(stop) == 92 then
    stop = record:sub(1, 1024):gsub('\\.', '..'):find('"', 3, true)
  end
  return record:sub(2, stop or 1)
end
