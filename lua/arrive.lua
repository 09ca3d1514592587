#!lua flags=allow-oom
-- arrive: what became of a parent reaches its child, which accepts it. With its last edge: deferred -> waiting, delayed.
--
-- KEYS traits   hash   id -> what scripts must know of a job
--      outcomes hash   child -> what its parents ended with, a line each: queue, id, word, text, a tab between them
--      awaiting zset   edges by child
--      deferred zset   ids by the time of their next check (ms)
--      waiting  list   ids
--      delayed  zset   ids by due time (ms)
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- EACH edge     as it was registered
--      word     how the parent ended
--      text     its outcome or newest failure, or ''
-- REPLY a word for each, blank between them: accepted | absent (there is no such edge)
-- HOLDS an outcome that the edge's policy accepts; others are for doom
-- USES column, tally, clock, attend, say, title, mark, push, postpone, place, rows, announce
local traits, outcomes, awaiting, deferred, waiting, delayed, wake = unpack(KEYS, 1, 7)
local news = { unpack(KEYS, 8, 10) }
local edges, ends, texts = column(1, 1), column(1, 2), column(1, 3)

local words, heard, children, ready = {}, {}, {}, {}
for i, edge in ipairs(edges) do
  local child, queue, parent = edge:match('^[^\t]*\t([^\t]*)\t([^\t]*)\t([^\t]*)\t')
  local open = redis.call('ZREM', awaiting, child .. '\t' .. edge) == 1
  words[i] = open and 'accepted' or 'absent'
  if open and not heard[child] then
    children[#children + 1], heard[child] = child, {}
  end
  if open then
    table.insert(heard[child], table.concat({ queue, parent, ends[i], texts[i] }, '\t'))
  end
end
for i, child in ipairs(children) do
  tally(outcomes, child, heard[child])
  local first, last = '[' .. child .. '\t', '(' .. child .. '\n'
  local left = redis.call('ZRANGE', awaiting, first, last, 'BYLEX', 'LIMIT', 0, 1)
  if #left == 0 then
    redis.call('ZREM', deferred, child)
    ready[#ready + 1] = i
  end
end
if #ready > 0 then
  local now = clock()
  attend(news)
  place(waiting, delayed, wake, children, rows(traits, children), ready, now, news, 'deferred')
  announce(news, now)
end
return table.concat(words, ' ')
