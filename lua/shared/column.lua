-- column(first, step): the ARGV elements first, first + step, … as one list: one field of every element of a batch.
local function column(first, step)
  local values = {}
  for at = first, #ARGV, step do
    values[#values + 1] = ARGV[at]
  end
  return values
end
