#!lua flags=allow-oom
-- promote: delayed -> waiting, the jobs that are due, the earliest first.
--
-- KEYS delayed  zset   ids by due time (ms)
--      traits   hash   id -> what scripts must know of a job
--      waiting  list   ids
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- ARGV limit    most jobs to move
-- REPLY { how many moved, ms until the next is due or '' }; as many as the limit: call again
-- HOLDS nothing
-- USES clock, say, title, mark, push, attend, rows, announce
local delayed, traits, waiting, wake = unpack(KEYS, 1, 4)
local news = { unpack(KEYS, 5, 7) }
local limit = unpack(ARGV)

local now = clock()
local ids, all = redis.call('ZRANGE', delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit), {}
if #ids > 0 then
  for i in ipairs(ids) do
    all[i] = i
  end
  push(waiting, wake, ids, attend(news, traits) and rows(traits, ids) or {}, all, news, 'delayed')
  redis.call('ZREM', delayed, unpack(ids))
  announce(news, now)
end
local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
return { #ids, first[2] and string.format('%.0f', first[2] - now) or '' }
