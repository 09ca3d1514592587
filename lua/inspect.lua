#!lua flags=allow-oom
-- inspect: reads jobs as they are at one moment; at least the first, and no more once 256 KiB are read.
--
-- KEYS jobs      hash   id -> record
--      attempts  hash   id -> failed attempts
--      results   hash   id -> outcome
--      active    hash   id -> token
--      delayed   zset   ids by due time (ms)
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
-- EACH id        of the job
-- REPLY { { state, record, attempts, outcome or '', token or time or '' } or { unknown }, … } for the first jobs asked for
-- HOLDS nothing
-- USES column
local jobs, attempts, results, active, delayed, completed, failed = unpack(KEYS)
local ids = column(1, 1)
local sets = { { 'delayed', delayed }, { 'completed', completed }, { 'failed', failed } }

local reply, read = {}, 0
for i, id in ipairs(ids) do
  local record = read < 262144 and redis.call('HGET', jobs, id)
  if record then
    local tries, outcome =
      redis.call('HGET', attempts, id) or '0', redis.call('HGET', results, id) or ''
    local detail = redis.call('HGET', active, id)
    local state = detail and 'active' or 'waiting'
    for _, set in ipairs(state == 'waiting' and sets or {}) do
      local score = redis.call('ZSCORE', set[2], id)
      state, detail = score and set[1] or state, score or detail
    end
    reply[i] = { state, record, tries, outcome, detail or '' }
    read = read + #record + #outcome
  elseif read < 262144 then
    reply[i] = { 'unknown' }
  end
end
return reply
