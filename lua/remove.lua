#!lua flags=allow-oom
-- remove: any state but active -> gone. A job that has or had dependents stays, cancelled if it had not finished, until they were told.
--
-- KEYS calls      hash   caller and script -> last call number, time, reply
--      jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      active     hash   id -> token
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
--      watched    hash   id -> awaited, or parent and what its state does not tell of its end
--      releasing  hash   finished parent -> what to tell its dependents
--      evicting   zset   ids by the time (ms) when their retention ends
--      news       events, stream, audience: for announce
--      columns    every hash with a row per job
-- ARGV call       the caller's row in calls
--      number     of this call
--      state      in which a job must be to go: waiting | delayed | deferred | completed | failed | cancelled, or '' for any
-- EACH id         of the job
-- REPLY a word for each job, blank between them: removed | releasing (removed, and its dependents are to be told) | active | unknown |
--       elsewhere (in another state) | again (nothing was done, since 1,000 edges were spent); or stale
-- HOLDS nothing; one call in flight per caller
-- USES column, answered, clock, attend, known, rows, waits, stand, ended, cut, withdraw, tell, say, forget, discard, announce, drop_void, remember
local calls, jobs, traits, active, expiring, delayed, deferred, awaiting, suspects, waiting =
  unpack(KEYS, 1, 10)
local tombstones, completed, failed, cancelled, watched, releasing, evicting = unpack(KEYS, 11, 17)
local news = { unpack(KEYS, 18, 20) }
local columns = { unpack(KEYS, 21) }
local call, number, state = unpack(ARGV)
local ids = column(4, 1)

local before = answered(calls, call, number)
if before then return before end
local words, gone, seen, edges, now = {}, {}, {}, 0, clock()
local stored, tokens = known(jobs, traits, ids), rows(active, ids)
local sets, rare, watch = { delayed, completed, failed, suspects }, false, {}
local finished = { completed, failed, cancelled }
if attend(news, expiring, deferred, cancelled, evicting, unpack(columns, #columns - 3)) then
  sets[5], rare, watch = cancelled, { deferred, awaiting, expiring }, rows(watched, ids)
end
local fit = stand(state, jobs, active, { delayed, deferred, completed, failed, cancelled }, ids)
for i, id in ipairs(ids) do
  words[i] = (not stored[i] or seen[id]) and 'unknown' or tokens[i] and 'active' or 'removed'
  if words[i] == 'removed' and fit and not fit[i] then words[i] = 'elsewhere' end
  if words[i] == 'removed' and edges >= 1000 then words[i] = 'again' end
  if words[i] == 'removed' then
    seen[id], gone[#gone + 1] = true, i
    local stays = watch[i] and watch[i] ~= 'awaited' and ended(finished, id)
    edges = edges + (stays and 0 or withdraw(sets, rare, tombstones, id))
    if rare and not stays then redis.call('ZREM', evicting, id) end
  end
end

local keys = { cancelled, releasing, evicting }
tell(words, discard(keys, news, finished, columns, ids, gone, watch, now, not rare))
announce(news, now)
if rare then sets[6] = deferred end
if #gone > 0 then drop_void(jobs, active, sets, waiting, tombstones) end
return remember(calls, call, number, now, table.concat(words, ' '))
