#!lua flags=allow-oom
-- doom: a parent ended in a way that its child does not accept: deferred -> failed, or cancelled with its parent; gone when its retention
-- says so.
--
-- KEYS traits    hash   id -> what scripts must know of a job
--      outcomes  hash   child -> what its parents ended with, a line each: queue, id, word, text, a tab between them
--      expiring  zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      awaiting  zset   edges by child
--      deferred  zset   ids by the time of their next check (ms)
--      failed    zset   ids by finish time (ms)
--      cancelled zset   ids by finish time (ms)
--      releasing hash   finished parent -> what to tell its dependents
--      evicting  zset   ids by the time (ms) when their retention ends
--      failures  hash   id -> failures, a line each, the newest first
--      news      events, stream, audience: for announce
--      columns   every hash with a row per job
-- EACH edge      as it was registered
--      word      how the parent ended; cancel takes the child along
--      text      the parent's newest failure, or ''
--      failure   JSON on one line: why the child fails
-- REPLY a word for each, blank between them: accepted | releasing (accepted, and the child's own dependents are to be told) | absent (there
--       is no such edge) | again (nothing was done, since 1,000 edges were spent)
-- HOLDS an outcome that the edge's policy does not accept
-- USES column, clock, cut, tally, tell, retention, attend, say, forget, tell_ends, finish, fill, blame, conclude, announce
local traits, outcomes, expiring, awaiting, deferred, failed, cancelled = unpack(KEYS, 1, 7)
local releasing, evicting, failures = unpack(KEYS, 8, 10)
local news = { unpack(KEYS, 11, 13) }
local columns = { unpack(KEYS, 14) }
local edges, ends, texts, lines = column(1, 1), column(1, 2), column(1, 3), column(1, 4)

local words, ids, spent, now, lost, stopped = {}, {}, 0, clock(), {}, {}
for i, edge in ipairs(edges) do
  local child, queue, parent = edge:match('^[^\t]*\t([^\t]*)\t([^\t]*)\t([^\t]*)\t')
  local open = redis.call('ZSCORE', awaiting, child .. '\t' .. edge)
  ids[i], words[i] = child, open and (spent < 1000 and 'accepted' or 'again') or 'absent'
  if words[i] == 'accepted' then
    spent = spent + cut(awaiting, child)
    tally(outcomes, child, { table.concat({ queue, parent, ends[i], texts[i] }, '\t') })
    redis.call('ZREM', deferred, child)
    redis.call('ZREM', expiring, child)
    table.insert(ends[i] == 'cancel' and stopped or lost, i)
  end
end
local flags = redis.call('HMGET', traits, unpack(ids))
local keys = { failed, releasing, evicting }
tell(words, conclude(keys, failures, news, columns, ids, flags, lines, lost, 'failed', now))
keys[1] = cancelled
tell(words, conclude(keys, failures, news, columns, ids, flags, lines, stopped, 'cancel', now))
announce(news, now)
return table.concat(words, ' ')
