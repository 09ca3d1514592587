#!lua flags=allow-oom
-- reclaim: active under a dead lease -> suspects. One bounded step of a pass over active for all dead leases. A job that was lost
-- too often stays for `fail`, one that was asked to stop for `stop`, under the token of its dead lease. That it was lost does not count
-- for a job that may not have started, which only one that was never lost before may be: suspects start as soon as they are claimed. The ttl
-- of such a job counts again.
--
-- KEYS leases   zset   lease by deadline (ms), 0 for a dead one
--      held     hash   lease -> how many jobs it holds
--      active   hash   id -> token
--      stopping zset   lease and id of active jobs that were asked to stop
--      suspects zset   ids by the time of loss (ms), those lost twice behind
--      stalls   hash   id -> times lost with a worker
--      expiring zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      traits   hash   id -> what scripts must know of a job
--      attempts hash   id -> failed attempts
--      calls    hash   caller and script -> last call number, time, reply
--      wake     list   the marker
--      news     events, stream, audience: for announce
-- ARGV cursor   0 to begin a pass, else from the last reply
--      losses   most times a job may be lost
-- REPLY { cursor, 0 at the end of the pass; ids made suspects; { id, token, traits or '', attempts, stop | fail } of the others }
-- HOLDS nothing
-- USES clock, rows, begun_under, leave_active, attend, fill, started, whole, unstarted, suspect, say, mark, announce
local leases, held, active, stopping, suspects, stalls, expiring, traits, attempts, calls, wake =
  unpack(KEYS, 1, 11)
local news = { unpack(KEYS, 12, 14) }
local cursor, most = unpack(ARGV)

local dead = redis.call('ZRANGE', leases, 0, 0, 'BYSCORE', 'LIMIT', 0, 100)
local begun, now = begun_under(calls, dead), clock()
local page = redis.call('HSCAN', active, cursor, 'COUNT', 200)
local ids, tokens, losses, over = {}, {}, {}, {}
for at = 1, #page[2], 2 do
  local id, token = page[2][at], page[2][at + 1]
  local lease, number = token:match('^([^:]*):(%d+)')
  local asked = token:find('!', 1, true)
  local before = begun[lease] and redis.call('HGET', stalls, id)
  local counts = before or tonumber(number or 0) <= (begun[lease] or 0)
  local count = counts and (tonumber(before) or 0) + 1 or 0
  if begun[lease] and (asked or count > tonumber(most)) then
    local flags, tries =
      redis.call('HGET', traits, id) or '', redis.call('HGET', attempts, id) or '0'
    over[#over + 1] = { id, token:match('^[^!]*'), flags, tries, asked and 'stop' or 'fail' }
  elseif begun[lease] then
    ids[#ids + 1], tokens[#tokens + 1], losses[#losses + 1] = id, token, count
  end
end

if #ids > 0 then
  local _, left = leave_active(active, held, stopping, ids, tokens)
  local flags, ran, idle = attend(news, traits) and rows(traits, ids) or {}, {}, {}
  fill(stalls, ids, losses, left)
  for _, i in ipairs(left) do
    suspect(suspects, now, ids[i], losses[i])
    table.insert(losses[i] > 0 and ran or idle, i)
    if news.heard then say(news, 'stalled', ids[i]) end
  end
  started(traits, ids, flags, ran)
  unstarted(expiring, ids, flags, idle)
  mark(wake)
  announce(news, now)
end
return { page[1], ids, over }
