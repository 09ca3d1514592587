-- column(first, step): the ARGV elements first, first + step, … as one list: one field of every element of a batch.
local function column(first, step)
  local values, n = {}, 0
  for at = first, #ARGV, step do
    n = n + 1
    values[n] = ARGV[at]
  end
  return values
end
