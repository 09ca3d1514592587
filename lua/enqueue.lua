#!lua
-- enqueue: (new) -> waiting. An id that exists, in any state, adds nothing.
--
-- KEYS calls     hash   caller and script -> last call number, time, reply
--      meta      hash   schema version
--      jobs      hash   id -> record
--      traits    hash   id -> what scripts must know of a job
--      expiring  zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      watched   hash   id -> awaited, or parent and what its state does not tell of its end
--      waiting   list   ids
--      wake      list   the marker
--      active    hash   id -> token
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
--      news      events, stream, audience: for announce
-- ARGV call      the caller's row in calls
--      number    of this call
--      schema    major version of the caller's data model
--      distinct  1 if no id is twice in this call, or 0
--      most      jobs of the queue that have not started; '' for any number
-- EACH id        of the job
--      record    its record
--      traits    JSON, or '' for none
-- REPLY a word for each job, blank between them, or one for all: added | duplicate | full; or stale | outdated
-- HOLDS nothing; one call in flight per caller
-- USES column, answered, whole, outdated, clock, attend, known, room, fresh, fill, admit, say, title, mark, push, announce, remember
local calls, meta, jobs, traits, expiring, watched = unpack(KEYS, 1, 6)
local waiting, wake, active, completed, failed, cancelled = unpack(KEYS, 7, 12)
local news = { unpack(KEYS, 13, 15) }
local call, number, schema, distinct, most = unpack(ARGV)
local ids, records, flags = column(6, 1), column(6, 2), column(6, 3)

local before = answered(calls, call, number)
if before then return before end
if outdated(meta, schema) then return 'outdated' end

local now, stored = clock(), known(jobs, traits, ids, news)
local left = room(most, jobs, active, { completed, failed, cancelled })
local plain = distinct == '1' and ARGV[6] == 'vvc' and ARGV[7] == ''
if plain and #ids <= left and fresh(stored, ids) and not news.heard then
  -- Ids and records as they stand are what HSET wants.
  redis.call('HSET', jobs, unpack(ARGV, 8))
  redis.call('RPUSH', waiting, unpack(ids))
  mark(wake)
  return remember(calls, call, number, now, 'added')
end
local words, added = admit(jobs, traits, expiring, watched, stored, ids, records, flags, now, left)
push(waiting, wake, ids, flags, added, news, '', records)
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
