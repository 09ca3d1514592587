-- rows(column_key, ids): the rows of these jobs in one column, false for what is not there.
local function rows(column_key, ids) return redis.call('HMGET', column_key, unpack(ids)) end
