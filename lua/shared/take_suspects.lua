-- take_suspects(suspects, allowance, alone): removes the suspects that one claim may take, longest lost first. One that was lost
-- twice stands behind all others (its time of loss + 10^13 ms) and goes with no other, only if the caller holds none.
-- Returns the ids and how many suspects stay.
local function take_suspects(suspects, allowance, alone)
  local ids, count = {}, redis.call('ZCARD', suspects)
  if count == 0 or allowance == '0' then return ids, count end
  ids = redis.call('ZRANGE', suspects, '-inf', '(1e13', 'BYSCORE', 'LIMIT', 0, allowance)
  if #ids == 0 and alone == '1' then ids = redis.call('ZRANGE', suspects, 0, 0) end
  if #ids > 0 then redis.call('ZREM', suspects, unpack(ids)) end
  return ids, count - #ids
end
