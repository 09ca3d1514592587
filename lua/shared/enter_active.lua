-- enter_active(active, held, meta, news, ids, token): the one step by which jobs enter `active`, all under one new token, the newest of all.
local function enter_active(active, held, meta, news, ids, token)
  if #ids == 0 then return end
  local rows = {}
  for _, id in ipairs(ids) do
    rows[#rows + 1], rows[#rows + 2] = id, token
    if news.heard then say(news, 'active', id) end
  end
  local lease, number = token:match('^(.*):(.*)$')
  redis.call('HSET', active, unpack(rows))
  redis.call('HINCRBY', held, lease, #ids)
  redis.call('HSET', meta, 'token', number)
end
