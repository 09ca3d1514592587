-- entitled(jobs, traits, active, ids, tokens): a word for each job: noted when the token shown is that of the claim under which it is held, ''
-- for one that is not active; else lost when another token was shown, active when none was, or unknown.
local function entitled(jobs, traits, active, ids, tokens)
  local words, stored = {}, false
  for i, row in ipairs(rows(active, ids)) do
    local token = row and row:match('^[^!]*') or ''
    stored = stored or token == '' and known(jobs, traits, ids)
    words[i] = token == tokens[i] and 'noted' or tokens[i] == '' and 'active' or 'lost'
    if token == '' and not stored[i] then words[i] = 'unknown' end
  end
  return words
end
