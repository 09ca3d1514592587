#!lua flags=allow-oom
-- drain: waiting (and delayed, when asked) -> gone, one bounded step.
--
-- KEYS waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      suspects   zset   ids by the time of loss
--      delayed    zset   ids by due time
--      columns    every hash with a row per job
-- ARGV limit      most jobs to take from each
--      delayed    1 to drain delayed jobs too
-- REPLY { how many went, more | done }
-- HOLDS nothing
-- USES take, forget
local waiting, tombstones, suspects, delayed = unpack(KEYS, 1, 4)
local columns = { unpack(KEYS, 5) }
local limit, with_delayed = unpack(ARGV)

local ids = take(waiting, tombstones, tonumber(limit))
local sets = with_delayed == '1' and { suspects, delayed } or { suspects }
for _, set in ipairs(sets) do
  local popped = redis.call('ZPOPMIN', set, limit)
  for at = 1, #popped, 2 do
    ids[#ids + 1] = popped[at]
  end
end
if #ids > 0 then forget(columns, ids) end
local more = #ids > 0 or redis.call('EXISTS', waiting) == 1
return { #ids, more and 'more' or 'done' }
