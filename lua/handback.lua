#!lua flags=allow-oom
-- handback: active -> the head of waiting, in order, no attempt burnt; a job that was lost before -> suspects.
--
-- KEYS active   hash   id -> token
--      held     hash   lease -> how many jobs it holds
--      stalls   hash   id -> times lost with a worker
--      waiting  list   ids
--      suspects zset   ids by the time of loss (ms), those lost twice behind
--      wake     list   the marker
-- EACH id       of the job, in the order of claiming
--      token    of its claim
-- REPLY a word for each job, blank between them: settled | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, clock, leave_active, suspect, mark
local active, held, stalls, waiting, suspects, wake = unpack(KEYS)
local ids, tokens = column(1, 2), column(2, 2)

local words, left = leave_active(active, held, ids, tokens)
local losses, head, now = redis.call('HMGET', stalls, unpack(ids)), {}, clock()
for n = #left, 1, -1 do
  local i = left[n]
  if losses[i] then
    suspect(suspects, now, ids[i], losses[i])
  else
    head[#head + 1] = ids[i]
  end
end
if #head > 0 then redis.call('LPUSH', waiting, unpack(head)) end
if #left > 0 then mark(wake) end
return table.concat(words, ' ')
