#!lua
-- enqueue: (new) -> waiting. An id that exists, in any state, adds nothing.
--
-- KEYS calls    hash   caller and script -> last call number, time, reply
--      meta     hash   schema version
--      jobs     hash   id -> record
--      traits   hash   id -> what scripts must know of a job
--      expiring zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      watched  hash   id -> awaited, or parent and what its state does not tell of its end
--      waiting  list   ids
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- ARGV call     the caller's row in calls
--      number   of this call
--      schema   major version of the caller's data model
--      distinct 1 if no id is twice in this call, or 0
-- EACH id       of the job
--      record   its record
--      traits   JSON, or '' for none
-- REPLY a word for each job, blank between them, or one for all: added | duplicate; or stale | outdated
-- HOLDS nothing; one call in flight per caller
-- USES column, answered, outdated, clock, attend, known, fresh, fill, admit, say, title, mark, push, announce, remember
local calls, meta, jobs, traits, expiring, watched, waiting, wake = unpack(KEYS, 1, 8)
local news = { unpack(KEYS, 9, 11) }
local call, number, schema, distinct = unpack(ARGV)
local ids, records, flags = column(5, 1), column(5, 2), column(5, 3)

local before = answered(calls, call, number)
if before then return before end
if outdated(meta, schema) then return 'outdated' end

local now, stored = clock(), known(jobs, traits, ids, news)
local plain = distinct == '1' and ARGV[5] == 'vvc' and ARGV[6] == ''
if plain and fresh(stored, ids) and not news.heard then
  -- Ids and records as they stand are what HSET wants.
  redis.call('HSET', jobs, unpack(ARGV, 7))
  redis.call('RPUSH', waiting, unpack(ids))
  mark(wake)
  return remember(calls, call, number, now, 'added')
end
local words, added = admit(jobs, traits, expiring, watched, stored, ids, records, flags, now)
push(waiting, wake, ids, flags, added, news, '', records)
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
