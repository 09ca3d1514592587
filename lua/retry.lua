#!lua flags=allow-oom
-- retry: active -> delayed, or waiting when its delay is 0. One more attempt has failed, and another follows.
--
-- KEYS active   hash   id -> token
--      held     hash   lease -> how many jobs it holds
--      stopping zset   lease and id of active jobs that were asked to stop
--      attempts hash   id -> failed attempts
--      failures hash   id -> failures, a line each, the newest first
--      traits   hash   id -> what scripts must know of a job
--      waiting  list   ids
--      delayed  zset   ids by due time (ms)
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- EACH id       of the job
--      token    of its claim
--      attempts failed so far, this one included
--      delay    ms from now
--      failure  JSON on one line
-- REPLY a word for each job, blank between them, or one for all: settled | stopping (nothing changed: send stop) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, clock, fill, blame, attend, rows, started, say, title, mark, push, postpone, announce
local active, held, stopping, attempts, failures, traits, waiting, delayed, wake =
  unpack(KEYS, 1, 9)
local news = { unpack(KEYS, 10, 12) }
local ids, tokens, tries, delays, lines =
  column(1, 1), column(1, 2), column(1, 3), column(1, 4), column(1, 5)

local words, left = leave_active(active, held, stopping, ids, tokens)
local soon, later, now = {}, {}, clock()
for _, i in ipairs(left) do
  table.insert(delays[i] == '0' and soon or later, i)
end
fill(attempts, ids, tries, left)
blame(failures, ids, lines, left)
local flags = attend(news, traits) and rows(traits, ids) or {}
started(traits, ids, flags, left)
push(waiting, wake, ids, flags, soon, news, 'active')
if #later > 0 then postpone(delayed, wake, now, ids, delays, later, news, 'active') end
announce(news, now)
return table.concat(words, ' ')
