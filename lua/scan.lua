#!lua flags=allow-oom
-- scan: ids of one state, one bounded step. A job that stays in its state from the first step to the last is given at least once, perhaps
-- more often; others may be given too, void entries of waiting among them.
--
-- KEYS active    hash   id -> token
--      waiting   list   ids
--      suspects  zset   ids by the time of loss (ms)
--      expiring  zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      delayed   zset   ids by due time (ms)
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      deferred  zset   ids by the time of their next check (ms)
--      cancelled zset   ids by finish time (ms)
-- ARGV state     waiting | delayed | active | completed | failed | deferred | cancelled
--      cursor    0, or what the step before gave
--      count     about how many ids to give, 1 to 1,000
-- REPLY { cursor to go on from, 0 at the end, ids }
-- HOLDS nothing
-- USES stride
local active, waiting, suspects, expiring, delayed, completed, failed, deferred, cancelled =
  unpack(KEYS)
local state, cursor, count = unpack(ARGV)
local sets = { delayed = delayed, completed = completed, failed = failed, suspects = suspects }
sets.deferred, sets.cancelled, sets.late = deferred, cancelled, expiring

-- Waiting jobs: the list first, then suspects, then late ones, who may leave the list for there.
local part, at, last = cursor:match('^(%a*):?(%d+):?(.*)$')
if state == 'waiting' and part == '' then
  local ids, distance, mark = stride(waiting, tonumber(at), last, tonumber(count))
  if distance then return { string.format(':%.0f:%s', distance, mark), ids } end
  return { 'suspects:0', ids }
end
local set, ids = sets[part] or sets[state], {}
local page = set and redis.call('ZSCAN', set, at, 'COUNT', count)
  or redis.call('HSCAN', active, at, 'COUNT', count)
for i = 1, #page[2], 2 do
  if part ~= 'late' or page[2][i + 1] == '0' then ids[#ids + 1] = page[2][i] end
end
if part ~= '' and page[1] ~= '0' then return { part .. ':' .. page[1], ids } end
local late = part == 'suspects' and redis.call('ZCOUNT', expiring, 0, 0) > 0
return { late and 'late:0' or page[1], ids }
