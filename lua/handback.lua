#!lua flags=allow-oom
-- handback: active -> the head of waiting, in order, no attempt burnt; a job that was lost before -> suspects. The ttl of one that has not
-- started counts again.
--
-- KEYS active   hash   id -> token
--      held     hash   lease -> how many jobs it holds
--      stopping zset   lease and id of active jobs that were asked to stop
--      expiring zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      traits   hash   id -> what scripts must know of a job
--      stalls   hash   id -> times lost with a worker
--      waiting  list   ids
--      suspects zset   ids by the time of loss (ms), those lost twice behind
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- EACH id       of the job, in the order of claiming
--      token    of its claim
--      ran      1 when it has started, or 0
-- REPLY a word for each job, blank between them, or one for all: settled | stopping (nothing changed: send stop) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, attend, rows, clock, say, suspect, fill, started, whole, unstarted, mark, announce
local active, held, stopping, expiring, traits, stalls, waiting, suspects, wake = unpack(KEYS, 1, 9)
local news = { unpack(KEYS, 10, 12) }
local ids, tokens, ran = column(1, 1), column(1, 2), column(1, 3)

local words, left = leave_active(active, held, stopping, ids, tokens)
local rare, head, now, begun, idle = attend(news, traits, stalls), {}, clock(), {}, {}
local losses, flags = rare and rows(stalls, ids) or {}, rare and rows(traits, ids) or {}
for n = #left, 1, -1 do
  local i = left[n]
  if news.heard then say(news, 'waiting', ids[i], 'active') end
  if losses[i] then
    suspect(suspects, now, ids[i], losses[i])
  else
    head[#head + 1] = ids[i]
  end
  table.insert(ran[i] == '1' and begun or idle, i)
end
started(traits, ids, flags, begun)
unstarted(expiring, ids, flags, idle)
if #head > 0 then redis.call('LPUSH', waiting, unpack(head)) end
if #left > 0 then mark(wake) end
announce(news, now)
return table.concat(words, ' ')
