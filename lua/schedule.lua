#!lua
-- schedule: (new) -> delayed. An id that exists, in any state, adds nothing.
--
-- KEYS calls     hash   caller and script -> last call number, time, reply
--      meta      hash   schema version
--      jobs      hash   id -> record
--      traits    hash   id -> what scripts must know of a job
--      expiring  zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      watched   hash   id -> awaited, or parent and what its state does not tell of its end
--      delayed   zset   ids by due time (ms)
--      wake      list   the marker
--      active    hash   id -> token
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
--      news      events, stream, audience: for announce
-- ARGV call      the caller's row in calls
--      number    of this call
--      schema    major version of the caller's data model
--      most      jobs of the queue that have not started; '' for any number
-- EACH id        of the job
--      record    its record
--      traits    JSON, or '' for none
--      delay     ms from now
-- REPLY a word for each job, blank between them: added | duplicate | full; or stale | outdated
-- HOLDS nothing; one call in flight per caller
-- USES column, answered, whole, outdated, clock, attend, known, room, fill, admit, say, title, mark, postpone, announce, remember
local calls, meta, jobs, traits, expiring, watched = unpack(KEYS, 1, 6)
local delayed, wake, active, completed, failed, cancelled = unpack(KEYS, 7, 12)
local news = { unpack(KEYS, 13, 15) }
local call, number, schema, most = unpack(ARGV)
local ids, records, flags, delays = column(5, 1), column(5, 2), column(5, 3), column(5, 4)

local before = answered(calls, call, number)
if before then return before end
if outdated(meta, schema) then return 'outdated' end

local now = clock()
local stored = known(jobs, traits, ids, news)
local left = room(most, jobs, active, { completed, failed, cancelled })
local words, added = admit(jobs, traits, expiring, watched, stored, ids, records, flags, now, left)
postpone(delayed, wake, now, ids, delays, added, news, '', records)
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
