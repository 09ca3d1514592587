#!lua flags=allow-oom
-- sweep: takes the maintenance of this period, so that one worker does it for all, and tells what there is to do. A lease that holds jobs
-- without being there is declared dead.
--
-- KEYS meta      hash   times (ms) of the last sweep, the first that others followed without a gap, the last untidy one; how many jobs stay
--      delayed   zset   ids by due time (ms)
--      leases    zset   lease by deadline (ms), 0 for a dead one
--      held      hash   lease -> how many jobs it holds
--      expiring  zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      evicting  zset   ids by the time (ms) when their retention ends
--      deferred  zset   ids by the time of their next check (ms)
--      releasing hash   finished parent -> what to tell its dependents
--      completed zset   ids by finish time (ms)
--      failed    zset   ids by finish time (ms)
-- ARGV period    ms between two sweeps; 0 to sweep whoever did so before
--      gap       most ms between two sweeps for which there was no outage in between that workers could not outlive
--      outage    1 if the caller has seen one since its last sweep, else 0
-- REPLY { due, or once a minute `untidy`, when `tidy` is to be called too, the server's time (ms), time (ms) of the earliest delayed job
--       or '', for how long (ms) sweeps have followed each other without a gap or an outage, how many leases are dead or past their
--       deadline, how many jobs are to expire, how many are to be evicted, how many are to be checked, how many have dependents to tell }
--       | { early, the server's time }
-- HOLDS nothing
-- USES clock, whole
local meta, delayed, leases, held, expiring, evicting, deferred, releasing, completed, failed =
  unpack(KEYS)
local period, gap, outage = unpack(ARGV)

local now = clock()
local marks =
  redis.call('HMGET', meta, 'swept', 'steady', 'tidied', 'keep completed', 'keep failed')
for at = 1, 5 do
  marks[at] = whole(marks[at])
end
local swept, steady, tidied, most, most_failed = unpack(marks, 1, 5)
swept = swept or 0
local time = string.format('%.0f', now)
if math.abs(now - swept) < tonumber(period) then return { 'early', time } end

if not steady or outage == '1' or now < swept or now - swept > tonumber(gap) then steady = now end
local untidy = tidied and math.abs(now - tidied) >= 60000
if untidy or not tidied then tidied = now end
redis.call('HSET', meta, 'swept', now, 'steady', steady, 'tidied', tidied)
-- Jobs held by a lease that is not there would be so for ever: it is dead. A few at a time, by chance.
local holding = redis.call('HRANDFIELD', held, 8)
for i, deadline in ipairs(#holding > 0 and redis.call('ZMSCORE', leases, unpack(holding)) or {}) do
  if not deadline then redis.call('ZADD', leases, 0, holding[i]) end
end
local reply =
  { untidy and 'untidy' or 'due', time, redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] or '' }
reply[4], reply[5] = math.max(0, now - steady), redis.call('ZCOUNT', leases, 0, now)
if redis.call('EXISTS', expiring, evicting, deferred, releasing) > 0 then
  for _, set in ipairs({ expiring, evicting, deferred }) do
    reply[#reply + 1] = redis.call('ZCOUNT', set, '-inf', now)
  end
  reply[9] = redis.call('HLEN', releasing)
end
if most or most_failed then
  local over = most and redis.call('ZCARD', completed) - most or 0
  local worse = most_failed and redis.call('ZCARD', failed) - most_failed or 0
  reply[6], reply[8], reply[9] = reply[6] or 0, reply[8] or 0, reply[9] or 0
  reply[7] = (reply[7] or 0) + math.max(0, over) + math.max(0, worse)
end
return reply
