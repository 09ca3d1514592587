#!lua flags=allow-oom
-- stop: active, and asked to stop -> cancelled.
--
-- KEYS active    hash   id -> token
--      held      hash   lease -> how many jobs it holds
--      stopping  zset   lease and id of active jobs that were asked to stop
--      cancelled zset   ids by finish time (ms)
--      releasing hash   finished parent -> what to tell its dependents
--      evicting  zset   ids by the time (ms) when their retention ends
--      news      events, stream, audience: for announce
--      columns   every hash with a row per job
-- ARGV age       ms for which the jobs stay; 0 not at all, '' for ever
-- EACH id        of the job
--      token     of its claim
-- REPLY a word for each job, blank between them, or one for all: settled | releasing (settled, and its dependents are to be told) | lost
-- HOLDS the token; with a wrong one nothing changes
-- USES column, leave_active, clock, attend, say, forget, tell_ends, finish, tell, announce
local active, held, stopping, cancelled, releasing, evicting = unpack(KEYS, 1, 6)
local news = { unpack(KEYS, 7, 9) }
local columns = { unpack(KEYS, 10) }
local age = unpack(ARGV)
local ids, tokens = column(2, 1), column(2, 2)

local words, left, asked = leave_active(active, held, stopping, ids, tokens, true)
local keys, now, groups = { cancelled, releasing, evicting }, clock(), {}
for _, i in ipairs(left) do
  local word = asked[i] or 'cancelled'
  groups[word] = groups[word] or {}
  table.insert(groups[word], i)
end
for word, ended in pairs(groups) do
  local _, told = finish(keys, news, columns, ids, ended, word, age, now)
  tell(words, told, #ids)
end
announce(news, now)
return table.concat(words, ' ')
