-- tell(words, told): puts releasing in the place of the words at the indexes that are keys of `told`: their dependents are to be told.
local function tell(words, told)
  for i in pairs(told) do
    words[i] = 'releasing'
  end
  return words
end
