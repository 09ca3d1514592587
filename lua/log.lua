#!lua flags=allow-oom
-- log: any state -> the same. Adds a row to a job's log, or only shortens it. The newest rows stay.
--
-- KEYS calls  hash   caller and script -> last call number, time, reply
--      jobs   hash   id -> record, and what it was annotated with on a line behind it
--      traits hash   id -> what scripts must know of a job
--      active hash   id -> token
--      logs   hash   id -> how many rows, four digits, then they, the oldest first: a line each
-- ARGV call   the caller's row in calls
--      number of this call
-- EACH id     of the job
--      token  of the claim under which it is held, '' for one that is not active
--      line   JSON, 64 KiB at most; '' for none
--      keep   most rows that stay, 1,000 at most; of more than 64 KiB the oldest go
-- REPLY a word for each job, blank between them: how many rows it has | lost | active (no token was shown) | unknown; or stale
-- HOLDS the token; one call in flight per caller
-- USES column, answered, remember, rows, attend, known, entitled, shorten, clock
local calls, jobs, traits, active, logs = unpack(KEYS)
local call, number = unpack(ARGV)
local ids, tokens, lines, keeps = column(3, 1), column(3, 2), column(3, 3), column(3, 4)

local before = answered(calls, call, number)
if before then return before end
local words, open = entitled(jobs, traits, active, ids, tokens), {}

for i, id in ipairs(ids) do
  if words[i] == 'noted' then
    local row = open[id] and '' or redis.call('HGET', logs, id) or '0000\n'
    local log = open[id] or { row = row, from = 5, size = #row - 5, lines = {}, first = 1 }
    log.count = log.count or tonumber(row:sub(1, 4))
    if lines[i] ~= '' then
      table.insert(log.lines, lines[i] .. '\n')
      log.count, log.size = log.count + 1, log.size + #lines[i] + 1
    end
    shorten(log, tonumber(keeps[i]))
    words[i], open[id] = log.count, log
  end
end
for id, log in pairs(open) do
  if log.count == 0 then
    redis.call('HDEL', logs, id)
  else
    local count, added = ('%04d\n'):format(log.count), table.concat(log.lines, '', log.first)
    redis.call('HSET', logs, id, count .. log.row:sub(log.from + 1) .. added)
  end
end
return remember(calls, call, number, clock(), table.concat(words, ' '))
