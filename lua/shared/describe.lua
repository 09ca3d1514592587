-- describe(jobs, traits, attempts, stalls, ids, plain): lists of record, attempts and losses, false for what is not there. Records are
-- read until their sizes add up to 256 KiB, the first always; for the others the fourth list has ''. `plain`: no job has more than a record.
local function describe(jobs, traits, attempts, stalls, ids, plain)
  if #ids == 0 then return {}, {}, {}, {} end
  local probes, room = {}, 262144
  if plain then return rows(jobs, ids), {}, {}, ids end
  for i, flags in ipairs(rows(traits, ids)) do
    room = room - (flags and flags:match('"size":(%d+)') or 0)
    probes[i] = (i == 1 or room >= 0) and ids[i] or ''
  end
  return rows(jobs, probes), rows(attempts, ids), rows(stalls, ids), probes
end
