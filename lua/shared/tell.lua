-- tell(words, told, n): puts releasing in the place of the words at the indexes that are keys of `told`: their dependents are to be told.
-- `words` has a word for each job; with `n`, the number of jobs, it may be one for all.
local function tell(words, told, n)
  for i in pairs(told) do
    for at = #words + 1, n or 0 do
      words[at] = words[1]
    end
    words[i] = 'releasing'
  end
  return words
end
