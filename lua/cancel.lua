#!lua flags=allow-oom
-- cancel: waiting, delayed, deferred -> cancelled; active -> active, asked to stop.
--
-- KEYS calls      hash   caller and script -> last call number, time, reply
--      jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      active     hash   id -> token
--      stopping   zset   lease and id of active jobs that were asked to stop; also a channel: failure, then id and token a line
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      delayed    zset   ids by due time (ms)
--      deferred   zset   ids by the time of their next check (ms)
--      awaiting   zset   edges by child
--      suspects   zset   ids by the time of loss (ms)
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      cancelled  zset   ids by finish time (ms)
--      releasing  hash   finished parent -> what to tell its dependents
--      evicting   zset   ids by the time (ms) when their retention ends
--      failures   hash   id -> failures, a line each, the newest first
--      news       events, stream, audience: for announce
--      columns    every hash with a row per job
-- ARGV call       the caller's row in calls
--      number     of this call
--      word       what dependents are told: cancelled | cancel | release
--      failure    JSON on one line: why
-- EACH id         of the job
-- REPLY a word for each job, blank between them: cancelled | releasing (cancelled, and its dependents are to be told) | stopping |
--       finished | unknown | again (nothing was done, since 1,000 edges were spent); or stale
-- HOLDS nothing; one call in flight per caller
-- USES column, answered, clock, attend, known, rows, ended, fill, blame, cut, withdraw, tell, retention, say, forget, tell_ends, finish, conclude, announce, drop_void, remember
local calls, jobs, traits, active, stopping, expiring, delayed, deferred, awaiting, suspects =
  unpack(KEYS, 1, 10)
local waiting, tombstones, completed, failed, cancelled = unpack(KEYS, 11, 15)
local releasing, evicting, failures = unpack(KEYS, 16, 18)
local news = { unpack(KEYS, 19, 21) }
local columns = { unpack(KEYS, 22) }
local call, number, word, failure = unpack(ARGV)
local ids = column(5, 1)

local before = answered(calls, call, number)
if before then return before end
local words, first, edges, now, stops, gone, lines = {}, {}, 0, clock(), {}, {}, {}
local stored, tokens, flags = known(jobs, traits, ids), rows(active, ids), rows(traits, ids)
local sets, rare = { delayed, suspects }, { deferred, awaiting, expiring }

for i, id in ipairs(ids) do
  local over = stored[i] and ended({ completed, failed, cancelled }, id)
  words[i] = not stored[i] and 'unknown' or over and 'finished' or tokens[i] and 'stopping'
  words[i] = words[i] or edges < 1000 and 'cancelled' or 'again'
  if words[i] == 'stopping' and not first[id] and not tokens[i]:find('!', 1, true) then
    redis.call('HSET', active, id, tokens[i] .. '!' .. word)
    redis.call('ZADD', stopping, 0, tokens[i]:match('^[^:]*') .. '\t' .. id)
    stops[#stops + 1] = id .. '\t' .. tokens[i]
    blame(failures, ids, { [i] = failure }, { i })
  elseif words[i] == 'cancelled' and not first[id] then
    edges = edges + withdraw(sets, rare, tombstones, id)
    gone[#gone + 1], lines[i] = i, failure
  end
  first[id] = first[id] or i
end
local keys = { cancelled, releasing, evicting }
tell(words, conclude(keys, failures, news, columns, ids, flags, lines, gone, word, now))
for i, id in ipairs(ids) do
  words[i] = words[first[id]]
end
local message = failure .. '\n' .. table.concat(stops, '\n')
if #stops > 0 then redis.pcall('PUBLISH', stopping, message) end
announce(news, now)
local elsewhere = { delayed, deferred, suspects, completed, failed, cancelled }
if #gone > 0 then drop_void(jobs, active, elsewhere, waiting, tombstones) end
return remember(calls, call, number, now, table.concat(words, ' '))
