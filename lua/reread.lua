#!lua flags=allow-oom
-- reread: active -> active. The records that a claim left for later, of jobs that are still held under its token.
--
-- KEYS active   hash   id -> token
--      jobs     hash   id -> record
--      traits   hash   id -> what scripts must know of a job
--      attempts hash   id -> failed attempts
--      stalls   hash   id -> times lost with a worker
-- ARGV token    of the claim
-- EACH id       of a job claimed under it
-- REPLY { ids, records, attempts, losses } of those still held, beside each other; a record that is nil is for the next call
-- HOLDS the token
-- USES column, rows, describe
local active, jobs, traits, attempts, stalls = unpack(KEYS)
local token = unpack(ARGV)
local ids = column(2, 1)

local held = {}
for i, current in ipairs(redis.call('HMGET', active, unpack(ids))) do
  held[#held + 1] = current and current:match('^[^!]*') == token and ids[i] or nil
end
local records, tries, losses = describe(jobs, traits, attempts, stalls, held)
return { held, records, tries, losses }
