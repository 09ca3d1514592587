-- outdated(meta, schema): whether a newer major owns this queue; an older or missing version, or
-- one that nobody can read, is raised to the caller's.
local function outdated(meta, schema)
  local stored = whole(redis.call('HGET', meta, 'schema')) or 0
  if stored < tonumber(schema) then redis.call('HSET', meta, 'schema', schema) end
  return stored > tonumber(schema)
end
