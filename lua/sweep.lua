#!lua flags=allow-oom
-- sweep: takes the maintenance of this period, so that one worker does it for all, and tells what there is to do. A lease that holds jobs
-- without being there is declared dead.
--
-- KEYS meta      hash   times (ms) of the last sweep, the first since a gap, the last untidy one; fewest found to evict; how many jobs stay
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
--       deadline, how many jobs are to expire, how many are to be evicted, how many are to be checked, how many have dependents to tell,
--       1 if eviction falls behind, else 0 }
--       | { early, the server's time }
-- HOLDS nothing
-- USES clock, whole
local meta, delayed, leases, held, expiring, evicting, deferred, releasing, completed, failed =
  unpack(KEYS)
local period, gap, outage = unpack(ARGV)

local now = clock()
local marks =
  redis.call('HMGET', meta, 'swept', 'steady', 'tidied', 'overdue', 'keep completed', 'keep failed')
for at = 1, 6 do
  marks[at] = whole(marks[at])
end
local swept, steady, tidied, overdue, most, most_failed = unpack(marks, 1, 6)
swept = swept or 0
local time = string.format('%.0f', now)
if math.abs(now - swept) < tonumber(period) then return { 'early', time } end

if not steady or outage == '1' or now < swept or now - swept > tonumber(gap) then steady = now end
local untidy = tidied and math.abs(now - tidied) >= 60000
if untidy or not tidied then tidied = now end
-- Jobs held by a lease that is not there would be so for ever: it is dead. A few at a time, by chance.
local holding = redis.call('HRANDFIELD', held, 8)
for i, deadline in ipairs(#holding > 0 and redis.call('ZMSCORE', leases, unpack(holding)) or {}) do
  if not deadline then redis.call('ZADD', leases, 0, holding[i]) end
end
local earliest = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2] or ''
local reply =
  { untidy and 'untidy' or 'due', time, earliest, math.max(0, now - steady), 0, 0, 0, 0, 0, 0 }
reply[5] = redis.call('ZCOUNT', leases, 0, now)
if redis.call('EXISTS', expiring, evicting, deferred, releasing) > 0 then
  for at, set in ipairs({ expiring, evicting, deferred }) do
    reply[5 + at] = redis.call('ZCOUNT', set, '-inf', now)
  end
  reply[9] = redis.call('HLEN', releasing)
end
-- So few that they go in a second or two are none.
local fewest = math.min(reply[7], (overdue or 0) >= 10000 and overdue or reply[7])
if reply[7] > fewest then reply[10] = 1 end
redis.call('HSET', meta, 'swept', now, 'steady', steady, 'tidied', tidied, 'overdue', fewest)
local over = most and redis.call('ZCARD', completed) - most or 0
local worse = most_failed and redis.call('ZCARD', failed) - most_failed or 0
reply[7] = reply[7] + math.max(0, over) + math.max(0, worse)
return reply
