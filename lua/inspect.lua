#!lua flags=allow-oom
-- inspect: reads jobs as they are at one moment; at least the first, and no more once 256 KiB are read.
--
-- KEYS jobs      hash   id -> record, and what it was annotated with on a line behind it
--      attempts  hash   id -> failed attempts
--      results   hash   id -> outcome
--      failures  hash   id -> failures, a line each, the newest first
--      progress  hash   id -> JSON
--      active    hash   id -> token
--      delayed   zset   ids by due time (ms)
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
--      deferred  zset   ids by the time of their next check (ms)
--      cancelled zset   ids by finish time (ms)
-- EACH id        of the job
-- REPLY { { state, record, attempts, outcome or '', failures or '', token or time or '', progress or '' } or
--       { unknown }, … } for the first jobs asked for
-- HOLDS nothing
-- USES column, whereabouts
local jobs, attempts, results, failures, progress, active = unpack(KEYS, 1, 6)
local delayed, completed, failed, deferred, cancelled = unpack(KEYS, 7)
local ids = column(1, 1)
local states = { 'delayed', 'completed', 'failed', 'deferred', 'cancelled' }
local sets = { delayed, completed, failed }
-- What few jobs have: looked for once.
local rare = redis.call('EXISTS', failures, progress, deferred, cancelled) > 0
if rare then sets = { delayed, completed, failed, deferred, cancelled } end

local reply, read = {}, 0
for i, id in ipairs(ids) do
  local record = read < 262144 and redis.call('HGET', jobs, id)
  if record then
    local state, detail = whereabouts(active, states, sets, id)
    local tries = redis.call('HGET', attempts, id) or '0'
    local outcome = state == 'completed' and redis.call('HGET', results, id) or ''
    local lines = rare and redis.call('HGET', failures, id) or ''
    local told = rare and redis.call('HGET', progress, id) or ''
    reply[i] = { state, record, tries, outcome, lines, detail, told }
    read = read + #record + #outcome + #lines + #told
  elseif read < 262144 then
    reply[i] = { 'unknown' }
  end
end
return reply
