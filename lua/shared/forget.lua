-- forget(columns, ids): erases the rows of these jobs in every column.
local function forget(columns, ids)
  for _, column_key in ipairs(columns) do
    redis.call('HDEL', column_key, unpack(ids))
  end
end
