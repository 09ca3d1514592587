#!lua
-- schedule: (new) -> delayed. An id that exists, in any state, adds nothing.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      meta     hash   schema version
--      jobs     hash   id -> record
--      traits   hash   id -> what scripts must know of a job
--      expiring zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      watched  hash   id -> awaited, or parent and what its state does not tell of its end
--      delayed  zset   ids by due time (ms)
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- ARGV call     the caller's row in calls
--      number   of this call
--      schema   major version of the caller's data model
-- EACH id       of the job
--      record   its record
--      traits   JSON, or '' for none
--      delay    ms from now
-- REPLY a word for each job, blank between them: added | duplicate; or stale | outdated
-- HOLDS nothing; one call in flight per caller
-- USES column, answered, outdated, clock, attend, known, fill, admit, say, title, mark, postpone, announce, remember
local calls, meta, jobs, traits, expiring, watched, delayed, wake = unpack(KEYS, 1, 8)
local news = { unpack(KEYS, 9, 11) }
local call, number, schema = unpack(ARGV)
local ids, records, flags, delays = column(4, 1), column(4, 2), column(4, 3), column(4, 4)

local before = answered(calls, call, number)
if before then return before end
if outdated(meta, schema) then return 'outdated' end

local now = clock()
local stored = known(jobs, traits, ids, news)
local words, added = admit(jobs, traits, expiring, watched, stored, ids, records, flags, now)
postpone(delayed, wake, now, ids, delays, added, news, '', records)
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
