#!lua flags=allow-oom
-- delay: active -> delayed, or waiting when the delay is 0. Put off by its handler: no attempt is burnt.
--
-- KEYS active   hash   id -> token
--      held     hash   lease -> how many jobs it holds
--      stopping zset   lease and id of active jobs that were asked to stop
--      traits   hash   id -> what scripts must know of a job
--      waiting  list   ids
--      delayed  zset   ids by due time (ms)
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- EACH id       of the job
--      token    of its claim
--      delay    ms from now
-- REPLY a word for each job, blank between them, or one for all: settled | stopping (nothing changed: send stop) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, clock, attend, rows, fill, started, say, title, mark, push, postpone, announce
local active, held, stopping, traits, waiting, delayed, wake = unpack(KEYS, 1, 7)
local news = { unpack(KEYS, 8, 10) }
local ids, tokens, delays = column(1, 1), column(1, 2), column(1, 3)

local words, left = leave_active(active, held, stopping, ids, tokens)
local soon, later, now = {}, {}, clock()
for _, i in ipairs(left) do
  table.insert(delays[i] == '0' and soon or later, i)
end
local flags = attend(news, traits) and rows(traits, ids) or {}
started(traits, ids, flags, left)
push(waiting, wake, ids, flags, soon, news, 'active')
if #later > 0 then postpone(delayed, wake, now, ids, delays, later, news, 'active') end
announce(news, now)
return table.concat(words, ' ')
