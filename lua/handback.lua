#!lua flags=allow-oom
-- handback: active -> the head of waiting, in order, no attempt burnt; a job that was lost before -> suspects.
--
-- KEYS active   hash   id -> token
--      held     hash   lease -> how many jobs it holds
--      stopping zset   lease and id of active jobs that were asked to stop
--      expiring zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      stalls   hash   id -> times lost with a worker
--      waiting  list   ids
--      suspects zset   ids by the time of loss (ms), those lost twice behind
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- EACH id       of the job, in the order of claiming
--      token    of its claim
--      ends     end (ms) of its ttl when it had not started, else ''
-- REPLY a word for each job, blank between them, or one for all: settled | stopping (nothing changed: send stop) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, attend, rows, clock, say, suspect, mark, announce
local active, held, stopping, expiring, stalls, waiting, suspects, wake = unpack(KEYS, 1, 8)
local news = { unpack(KEYS, 9, 11) }
local ids, tokens, ends = column(1, 1), column(1, 2), column(1, 3)

local words, left = leave_active(active, held, stopping, ids, tokens)
local losses, head, now = attend(news, stalls) and rows(stalls, ids) or {}, {}, clock()
for n = #left, 1, -1 do
  local i = left[n]
  if news.heard then say(news, 'waiting', ids[i], 'active') end
  if losses[i] then
    suspect(suspects, now, ids[i], losses[i])
  else
    head[#head + 1] = ids[i]
    if ends[i] ~= '' then redis.call('ZADD', expiring, ends[i], ids[i]) end
  end
end
if #head > 0 then redis.call('LPUSH', waiting, unpack(head)) end
if #left > 0 then mark(wake) end
announce(news, now)
return table.concat(words, ' ')
