#!lua flags=allow-oom
-- promote: delayed -> waiting, the jobs that are due, the earliest first.
--
-- KEYS delayed  zset   ids by due time (ms)
--      traits   hash   id -> what scripts must know of a job
--      waiting  list   ids
--      wake     list   the marker
--      meta     hash   time (ms) of the delayed job that a timer was told of last, and whose
--      news     events, stream, audience: for announce
-- ARGV limit    most jobs to move
--      timer    which asks; '' for none
-- REPLY { how many moved, ms until the next is due or '', 1 when another timer was told of that one and this one has moved nothing, else
--       0 }; as many as the limit: call again
-- HOLDS nothing
-- USES clock, say, title, mark, push, attend, rows, announce
local delayed, traits, waiting, wake, meta = unpack(KEYS, 1, 5)
local news = { unpack(KEYS, 6, 8) }
local limit, timer = unpack(ARGV)

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
local due = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
if not due then return { #ids, '', 0 } end
local told = #ids == 0 and timer ~= '' and redis.call('HGET', meta, 'told') or ''
local left = told ~= due .. ' ' .. timer and told:match('^%S*') == due
if timer ~= '' and not left then redis.call('HSET', meta, 'told', due .. ' ' .. timer) end
return { #ids, string.format('%.0f', due - now), left and 1 or 0 }
