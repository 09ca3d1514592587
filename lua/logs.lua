#!lua flags=allow-oom
-- logs: reads the log of one job.
--
-- KEYS logs hash   id -> how many rows, four digits, then they, the oldest first: a line each
-- ARGV id   of the job
-- REPLY how many rows it has, then they, a line each; '' when there are none
-- HOLDS nothing
local logs = unpack(KEYS)
local id = unpack(ARGV)

return redis.call('HGET', logs, id) or ''
