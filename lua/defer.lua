#!lua
-- defer: (new) -> deferred, with the answers that `depend` gave; waiting or delayed when no edge is open; failed when a parent has failed
-- already. An id that exists, in any state, adds nothing.
--
-- KEYS calls     hash   caller and script -> last call number, time, reply
--      meta      hash   schema version
--      jobs      hash   id -> record
--      traits    hash   id -> what scripts must know of a job
--      outcomes  hash   child -> what its parents ended with, a line each
--      expiring  zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      watched   hash   id -> awaited, or parent and what its state does not tell of its end
--      awaiting  zset   edges by child
--      deferred  zset   ids by the time of their next check (ms)
--      waiting   list   ids
--      delayed   zset   ids by due time (ms)
--      failed    zset   ids by finish time (ms)
--      active    hash   id -> token
--      completed zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
--      evicting  zset   ids by the time (ms) when their retention ends
--      failures  hash   id -> failures, a line each, the newest first
--      wake      list   the marker
--      news      events, stream, audience: for announce
-- ARGV call      the caller's row in calls
--      number    of this call
--      schema    major version of the caller's data model
--      most      jobs of the queue that have not started; '' for any number
-- EACH id        of the job
--      record    its record
--      traits    JSON, or '' for none; a delay in it becomes a due time
--      edges     open ones, a line each
--      outcomes  lines of its row in outcomes
--      failure   JSON on one line when it fails at once, else ''
-- REPLY a word for each job, blank between them: added | duplicate | full; or stale | outdated
-- HOLDS edges that `depend` has registered, 1,000 at most; one call in flight per caller
-- USES column, answered, whole, outdated, clock, attend, known, room, fill, admit, retention, say, title, wait_for, mark, push, postpone, place, announce, remember
local calls, meta, jobs, traits, outcomes, expiring, watched, awaiting, deferred =
  unpack(KEYS, 1, 9)
local waiting, delayed, failed, active, completed, cancelled, evicting, failures, wake =
  unpack(KEYS, 10, 18)
local news = { unpack(KEYS, 19, 21) }
local call, number, schema, most = unpack(ARGV)
local ids, records, flags = column(5, 1), column(5, 2), column(5, 3)
local edges, told, lines = column(5, 4), column(5, 5), column(5, 6)

local before = answered(calls, call, number)
if before then return before end
if outdated(meta, schema) then return 'outdated' end

local now, ready, blocked = clock(), {}, {}
local stored = known(jobs, traits, ids, news)
local left = room(most, jobs, active, { completed, failed, cancelled })
local words, added = admit(jobs, traits, expiring, watched, stored, ids, records, flags, now, left)
for _, i in ipairs(added) do
  if told[i] ~= '' then redis.call('HSET', outcomes, ids[i], told[i]) end
  if lines[i] ~= '' then
    local age = retention(flags[i])
    redis.call('ZREM', expiring, ids[i])
    redis.call('ZADD', failed, now, ids[i])
    redis.call('HSET', failures, ids[i], lines[i] .. '\n')
    if age ~= '' then redis.call('ZADD', evicting, now + age, ids[i]) end
    if news.heard then
      say(news, 'deferred', ids[i], '', title(records[i]))
      say(news, 'failed', ids[i], '0', lines[i])
    end
  elseif edges[i] ~= '' then
    blocked[#blocked + 1] = i
  else
    ready[#ready + 1] = i
  end
end
wait_for(deferred, awaiting, ids, edges, blocked, now, news, '', records)
place(waiting, delayed, wake, ids, flags, ready, now, news, '', records)
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
