-- column(at, field): one field of every element of a batch, as a list. ARGV[at] has a letter for each field: c for one that is the same
-- in all elements and is given once, behind the letters; v for the others, which follow element by element.
local function column(at, field)
  local shape, values, n = ARGV[at], {}, 0
  local kind, _, constants = shape:sub(field, field), shape:gsub('c', '')
  local _, before = shape:sub(1, field - 1):gsub(kind, '')
  local constant = kind == 'c' and ARGV[at + 1 + before]
  for row = at + 1 + constants, #ARGV, #shape - constants do
    n = n + 1
    values[n] = constant or ARGV[row + before]
  end
  return values
end
