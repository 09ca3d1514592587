#!lua flags=allow-oom
-- muster: what leases hold, by their own account and by that of the active jobs, at one moment.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
--      active   hash   id -> token
-- EACH lease    to look at
-- REPLY { time (ms), lists beside each other: deadline, row of held, how many active jobs have its tokens; this list is empty when more
--       than 1,000 jobs are active }
-- HOLDS nothing
-- USES column, clock, rows
local leases, held, active = unpack(KEYS)
local ids = column(1, 1)

local jobs, counts, tokens = {}, {}, {}
local few = redis.call('HLEN', active) <= 1000
if few then tokens = redis.call('HRANDFIELD', active, 1000, 'WITHVALUES') end
for at = 2, #tokens, 2 do
  local lease = tokens[at]:match('^[^:!]*')
  counts[lease] = (counts[lease] or 0) + 1
end
for i, lease in ipairs(few and ids or {}) do
  jobs[i] = counts[lease] or 0
end
return { clock(), redis.call('ZMSCORE', leases, unpack(ids)), rows(held, ids), jobs }
