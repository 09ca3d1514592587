#!lua flags=allow-oom
-- exists: which jobs are stored, whatever their state.
--
-- KEYS jobs   hash   id -> record
--      traits hash   id -> what scripts must know of a job
-- EACH id     of the job; none to ask for the time alone
-- REPLY { the server's time (ms), for each job 1 if it is stored, else 0, with nothing between them }
-- HOLDS nothing
-- USES column, clock, attend, known
local jobs, traits = unpack(KEYS)
local ids = column(1, 1)

local now, stored, digits = clock(), #ids > 0 and known(jobs, traits, ids) or {}, {}
for i = 1, #ids do
  digits[i] = stored[i] and '1' or '0'
end
return { now, table.concat(digits) }
