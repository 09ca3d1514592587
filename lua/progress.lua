#!lua flags=allow-oom
-- progress: any state -> the same. How far a job is, as its handler tells.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      jobs     hash   id -> record, and what it was annotated with on a line behind it
--      traits   hash   id -> what scripts must know of a job
--      active   hash   id -> token
--      progress hash   id -> JSON
--      news     events, stream, audience: for announce
-- ARGV call     the caller's row in calls
--      number   of this call
-- EACH id       of the job
--      token    of the claim under which it is held, '' for one that is not active
--      value    JSON on one line
-- REPLY a word for each job, blank between them: noted | lost | active (no token was shown) | unknown; or stale
-- HOLDS the token; one call in flight per caller
-- USES column, answered, attend, known, rows, entitled, clock, say, fill, announce, remember
local calls, jobs, traits, active, progress = unpack(KEYS, 1, 5)
local news = { unpack(KEYS, 6, 8) }
local call, number = unpack(ARGV)
local ids, tokens, values = column(3, 1), column(3, 2), column(3, 3)

local before = answered(calls, call, number)
if before then return before end
local words, chosen, now = entitled(jobs, traits, active, ids, tokens), {}, clock()
attend(news)

for i, word in ipairs(words) do
  if word == 'noted' then
    chosen[#chosen + 1] = i
    if news.heard then say(news, 'progress', ids[i], values[i]) end
  end
end
fill(progress, ids, values, chosen)
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
