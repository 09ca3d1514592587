-- describe(jobs, traits, attempts, stalls, ids): lists of record, attempts and losses, false for what is not there. Records are
-- read until their sizes add up to 256 KiB, the first always; for the others the fourth list has ''.
local function describe(jobs, traits, attempts, stalls, ids)
  if #ids == 0 then return {}, {}, {}, {} end
  local probes, room = {}, 262144
  for i, flags in ipairs(redis.call('HMGET', traits, unpack(ids))) do
    room = room - (flags and flags:match('"size":(%d+)') or 0)
    probes[i] = (i == 1 or room >= 0) and ids[i] or ''
  end
  local records = redis.call('HMGET', jobs, unpack(probes))
  local tries = redis.call('HMGET', attempts, unpack(ids))
  return records, tries, redis.call('HMGET', stalls, unpack(ids)), probes
end
