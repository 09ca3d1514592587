#!lua flags=allow-oom
-- requeue: completed, failed, cancelled -> waiting, with attempts, losses, ttl, result and failures cleared; -> deferred when it has parents to
-- wait for again.
--
-- KEYS calls     hash   caller and script -> last call number, time, reply
--      jobs      hash   id -> record
--      traits    hash   id -> what scripts must know of a job
--      attempts  hash   id -> failed attempts
--      stalls    hash   id -> times lost with a worker
--      results   hash   id -> outcome
--      failures  hash   id -> failures, a line each, the newest first
--      outcomes  hash   child -> what its parents ended with, a line each
--      awaiting  zset   edges by child
--      deferred  zset   ids by the time of their next check (ms)
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
--      watched   hash   id -> awaited, or parent and what its state does not tell of its end
--      releasing hash   finished parent -> what to tell its dependents
--      evicting  zset   ids by the time (ms) when their retention ends
--      waiting   list   ids
--      wake      list   the marker
--      news      events, stream, audience: for announce
-- ARGV call      the caller's row in calls
--      number    of this call
--      state     in which a job must be: completed | failed | cancelled, or '' for any of them
-- EACH id        of the job
--      stamp     what is in the record of the child whose parents the caller has asked, not in that of a later one of its id; else ''
--      edges     open ones of a child, a line each
--      outcomes  lines of its row in outcomes, of all parents that its policy accepts
-- REPLY a word for each job, blank between them: requeued | unfinished (or in another state) | child (its parents are to be asked first) |
--       unknown; or stale
-- HOLDS edges that `depend` has registered, 1,000 at most; one call in flight per caller
-- USES column, answered, attend, known, rows, clock, forget, fill, started, reopen, say, title, wait_for, mark, push, announce, remember
local calls, jobs, traits, attempts, stalls, results, failures, outcomes = unpack(KEYS, 1, 8)
local awaiting, deferred, completed, failed, cancelled, watched, releasing, evicting, waiting, wake =
  unpack(KEYS, 9, 18)
local news = { unpack(KEYS, 19, 21) }
local call, number, state = unpack(ARGV)
local ids, stamps, edges, told = column(4, 1), column(4, 2), column(4, 3), column(4, 4)

local before = answered(calls, call, number)
if before then return before end
local stored, flags, now = known(jobs, traits, ids), rows(traits, ids), clock()
local words, left, gone, again, blocked = {}, {}, {}, {}, {}
local rare = attend(news, cancelled, releasing, evicting)
local sets = { completed = completed, failed = failed, cancelled = rare and cancelled or nil }
local marks = rare and rows(watched, ids) or {}

for i, id in ipairs(ids) do
  local record = stamps[i] ~= '' and (redis.call('HGET', jobs, id) or '')
  local child = not record and flags[i] and flags[i]:find('"child":true', 1, true)
    or record and not record:find(stamps[i], 1, true)
  local found, removed = 0, marks[i] == 'parent\tremoved'
  for name, set in pairs((child or removed) and {} or sets) do
    if state == '' or state == name then found = found + redis.call('ZREM', set, id) end
  end
  words[i] = (not stored[i] or removed) and 'unknown'
    or child and 'child'
    or found > 0 and 'requeued'
    or 'unfinished'
  if found > 0 then
    left[#left + 1], gone[#gone + 1] = i, id
    if record then redis.call('HDEL', outcomes, id) end
    if told[i] ~= '' then redis.call('HSET', outcomes, id, told[i]) end
    table.insert(edges[i] == '' and again or blocked, i)
  end
end
if #gone > 0 then forget({ attempts, stalls, results, failures }, gone) end
started(traits, ids, flags, left)
reopen(rare and { watched, releasing, evicting }, ids, left, marks)
wait_for(deferred, awaiting, ids, edges, blocked, now, news, 'finished')
push(waiting, wake, ids, flags, again, news, 'finished')
announce(news, now)
return remember(calls, call, number, now, table.concat(words, ' '))
