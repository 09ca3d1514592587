#!lua flags=allow-oom
-- claim: suspects (as many as the caller may take), or else waiting -> active, all under one new token.
--
-- KEYS calls      hash   caller and script -> last call number, time, reply
--      meta       hash   paused, schema version, last token number
--      leases     zset   lease by deadline (ms), 0 for a dead one
--      held       hash   lease -> how many jobs it holds
--      active     hash   id -> token
--      jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      attempts   hash   id -> failed attempts
--      stalls     hash   id -> times lost with a worker
--      expiring   zset   ids by the end of their ttl (ms), 0 for one without an entry in waiting
--      waiting    list   ids
--      tombstones hash   id -> how many of its entries in waiting are void
--      suspects   zset   ids by the time of loss (ms), those lost twice behind
--      delayed    zset   ids by due time (ms)
--      wake       list   the marker
--      news       events, stream, audience: for announce
-- ARGV call       the caller's row in calls
--      number     of this call
--      schema     major version of the caller's data model
--      lease      the caller's
--      want       most jobs to take, 0 to 256; 0 puts the marker back
--      allowance  how many of them may be suspects
--      alone      1 when the caller holds no suspect
--      begun      number of a claim: jobs of later ones may wait in the caller before they start; '' when none does
-- REPLY { claimed, token, due, late, left, ids, records, attempts, losses, ends }: due is the time (ms) of the earliest delayed job when
--       fewer were taken than wanted or none is left, else ''; late is how many had expired and are for expire; left is how many ids and
--       suspects stay; the lists run beside each other, ends has the end (ms) of each ttl or '', and a record that is nil is for reread.
--       With no job { empty | more | held off, token, due, late, left }. { dead | expired | outdated | paused | stale }. For a call that was answered
--       before { repeated, its word, token and ids on a line each, with the end of its ttl behind an id, and begun behind the token }
-- HOLDS a live lease; one call in flight
-- USES answered, remember, take_suspects, take, attend, timely, rows, describe, say, whole, enter_active, mark, announce, listed
local calls, meta, leases, held, active, jobs, traits, attempts, stalls, expiring =
  unpack(KEYS, 1, 10)
local waiting, tombstones, suspects, delayed, wake = unpack(KEYS, 11, 15)
local news = { unpack(KEYS, 16, 18) }
local call, number, schema, lease, want, allowance, alone, begun = unpack(ARGV)

begun = begun ~= '' and '\t' .. begun or ''
local before = answered(calls, call, number)
if before then return { before == 'stale' and before or 'repeated', before } end
local time = redis.call('TIME')
local now, micros = time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]
local paused, newest, last = unpack(redis.call('HMGET', meta, 'paused', 'schema', 'token'))
local deadline = tonumber(redis.call('ZSCORE', leases, lease) or 0)
local word = deadline == 0 and 'dead' or deadline < now and 'expired' or paused and 'paused'
if (whole(newest) or 0) > tonumber(schema) then word = 'outdated' end
if word then
  remember(calls, call, number, now, word .. begun)
  return { word }
end

local ids, held_off = take_suspects(suspects, allowance, alone)
local suspected = #ids > 0
if not suspected then ids = take(waiting, tombstones, tonumber(want)) end
local plain = #ids == 0 or not attend(news, expiring, traits, attempts, stalls)
local fit, ends, late = timely(expiring, ids, now, plain)
local newer = string.format('%.0f', math.max(micros, (whole(last) or 0) + 1))
local token = lease .. ':' .. newer
local records, tries, losses, probes = describe(jobs, traits, attempts, stalls, fit, plain)
local taken = enter_active(active, held, meta, news, fit, records, probes, token)
local left = redis.call('LLEN', waiting)
local ask = taken < tonumber(want) or left + held_off == 0
local first = ask and redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES') or {}
if left > 0 or held_off > 0 and (suspected or want == '0') then mark(wake) end
if news.heard and taken > 0 and left + held_off == 0 then say(news, 'drained') end
announce(news, now)
word = taken > 0 and 'claimed' or left > 0 and 'more' or held_off > 0 and 'held off' or 'empty'
remember(calls, call, number, now, word .. '\n' .. token .. begun, listed(fit, ends))
return { word, token, first[2] or '', late, left + held_off, fit, records, tries, losses, ends }
