#!lua flags=allow-oom
-- rewrite: any state -> the same, with another record, or other metadata.
--
-- KEYS calls  hash   caller and script -> last call number, time, reply
--      jobs   hash   id -> record, and what it was annotated with on a line behind it
--      traits hash   id -> what scripts must know of a job
--      active hash   id -> token
-- ARGV call   the caller's row in calls
--      number of this call
-- EACH id     of the job
--      token  of the claim under which it is held, '' for one that is not active
--      head   how its record begins, and
--      stamp  what is in it when it is the job that was read, not a later one of the same id
--      record JSON on one line, '' to leave it as it is
--      meta   JSON on one line, '' to leave it as it is
-- REPLY a word for each job, blank between them: noted | lost | active (no token was shown) | unknown | again (nothing was done, since
--       256 KiB were read and written); or stale
-- HOLDS the token; one call in flight per caller
-- USES column, answered, remember, rows, attend, known, entitled, clock, resize
local calls, jobs, traits, active = unpack(KEYS)
local call, number = unpack(ARGV)
local ids, tokens, heads, stamps = column(3, 1), column(3, 2), column(3, 3), column(3, 4)
local records, metas = column(3, 5), column(3, 6)

local before = answered(calls, call, number)
if before then return before end
local words, spent = entitled(jobs, traits, active, ids, tokens), 0

for i, id in ipairs(ids) do
  if words[i] == 'noted' and spent >= 262144 then
    words[i] = 'again'
  elseif words[i] == 'noted' then
    local old = redis.call('HGET', jobs, id)
    local same = old:sub(1, #heads[i]) == heads[i] and old:find(stamps[i], #heads[i], true)
    local stop = old:find('\n', 1, true) or #old + 1
    local record = records[i] == '' and old:sub(1, stop - 1) or records[i]
    local text = record .. (metas[i] == '' and old:sub(stop) or '\n' .. metas[i])
    if same then
      redis.call('HSET', jobs, id, text)
      resize(traits, id, #text)
    end
    words[i] = same and 'noted' or 'unknown'
    spent = spent + #old + #text
  end
end
return remember(calls, call, number, clock(), table.concat(words, ' '))
