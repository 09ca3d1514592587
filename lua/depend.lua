#!lua flags=allow-oom
-- depend: (no edge) -> an edge of a parent of this queue, and the parent stays until its dependents were told. Or the answer, when the
-- parent has finished: an edge whose policy is to wait is registered with a failed one too.
--
-- KEYS jobs       hash   id -> record
--      traits     hash   id -> what scripts must know of a job
--      completed  zset   ids by finish time (ms)
--      failed     zset   ids by finish time (ms)
--      cancelled  zset   ids by finish time (ms)
--      results    hash   id -> outcome
--      dependents zset   edges by parent
--      watched    hash   id -> awaited, or parent and what its state does not tell of its end
-- EACH parent     id of the parent
--      edge       child's queue and id, parent's queue and id, nonce, policy (fail | run | wait), a tab between them
-- REPLY { pending | completed, outcome or '' | failed | cancelled | cancel | release | removed | unknown, … }: a list for each. An outcome
--       over 64 KiB, or behind 256 KiB of others, is to be read from the parent
-- HOLDS nothing; with the same nonce it may be repeated
-- USES column, attend, known
local jobs, traits, completed, failed, cancelled, results, dependents, watched = unpack(KEYS)
local parents, edges = column(1, 1), column(1, 2)

local stored, reply, members, pins, room = known(jobs, traits, parents), {}, {}, {}, 262144
local done = redis.call('ZMSCORE', completed, unpack(parents))
local broken = redis.call('ZMSCORE', failed, unpack(parents))
local stopped = redis.call('ZMSCORE', cancelled, unpack(parents))
local marks = redis.call('HMGET', watched, unpack(parents))
for i, parent in ipairs(parents) do
  local word = broken[i] and 'failed' or stopped[i] and 'cancelled'
  local fate = word and marks[i] and marks[i]:match('\t(.*)')
  local waits = not fate and edges[i]:sub(-5) == '\twait'
  if not stored[i] then
    reply[i] = { 'unknown' }
  elseif done[i] then
    local length = redis.call('HSTRLEN', results, parent)
    local text = length <= math.min(65536, room) and redis.call('HGET', results, parent) or ''
    reply[i], room = { 'completed', text }, room - #text
  elseif word and not waits then
    reply[i] = { fate or word }
  else
    reply[i] = { 'pending' }
    members[#members + 1], members[#members + 2] = 0, parent .. '\t' .. edges[i]
    pins[#pins + 1], pins[#pins + 2] = parent, 'parent'
  end
end

if #members > 0 then
  redis.call('ZADD', dependents, unpack(members))
  redis.call('HSET', watched, unpack(pins))
end
return reply
