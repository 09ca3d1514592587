#!lua flags=allow-oom
-- release: what a finished parent tells its dependents, a page of edges a call. Edges that were acknowledged go; when no other is left to
-- tell, so does the parent's row in releasing, and the parent stays for another 15 min.
--
-- KEYS releasing  hash   finished parent -> what to tell its dependents
--      dependents zset   edges by parent
--      results    hash   id -> outcome
--      failures   hash   id -> failures, a line each, the newest first
--      evicting   zset   ids by the time (ms) when their retention ends
-- ARGV limit      most edges to give, 256
-- EACH parent     id of the parent
--      word       that the last reply gave, '' at first
--      after      last edge of the last reply, '' at first
--      acks       edges to delete, a line each, if that word is still to be told
--      kept       how many of those that were given stay, since they wait for better news
-- REPLY { word, outcome or newest failure or '', edges, 1 if they begin anew or 0 } for each: tell these, and call again. { told } when
--       there is no more to tell; { again } when others had spent the limit
-- HOLDS for each ack: the child's queue has answered accepted or absent
-- USES column, clock
local releasing, dependents, results, failures, evicting = unpack(KEYS)
local limit = unpack(ARGV)
local parents, words, afters, acks = column(2, 1), column(2, 2), column(2, 3), column(2, 4)
local kept = column(2, 5)

local reply, room, now = {}, tonumber(limit), clock()
for i, parent in ipairs(parents) do
  local word, first = redis.call('HGET', releasing, parent), '[' .. parent .. '\t'
  -- When the parent was put back meanwhile, a child that was absent may have come, and waits for its next end.
  for edge in (word == words[i] and acks[i] or ''):gmatch('[^\n]+') do
    redis.call('ZREM', dependents, parent .. '\t' .. edge)
  end
  local anew, last = word ~= words[i] or afters[i] == '', '(' .. parent .. '\n'
  local start = anew and first or '(' .. parent .. '\t' .. afters[i]
  local page = word
      and room > 0
      and redis.call('ZRANGE', dependents, start, last, 'BYLEX', 'LIMIT', 0, room)
    or {}
  -- More stand than were kept: some were registered since, and this is the word of a newer end.
  if word and room > 0 and #page == 0 and not anew then
    anew = redis.call('ZLEXCOUNT', dependents, first, last) > tonumber(kept[i])
    page = anew and redis.call('ZRANGE', dependents, first, last, 'BYLEX', 'LIMIT', 0, room) or {}
  end
  reply[i] = { not word and 'told' or room > 0 and word or 'again' }
  if #page > 0 then
    local from = word == 'completed' and results or failures
    local small = redis.call('HSTRLEN', from, parent) <= 65536
    local text = small and redis.call('HGET', from, parent) or ''
    for at, member in ipairs(page) do
      page[at] = member:sub(#parent + 2)
    end
    reply[i] = { word, text:match('^[^\n]*'), page, anew and 1 or 0 }
    room = room - #page
  elseif word and room > 0 then
    redis.call('HDEL', releasing, parent)
    redis.call('ZADD', evicting, 'XX', 'GT', now + 900000, parent)
    reply[i] = { 'told' }
  end
end
return reply
