-- enter_active(active, held, meta, news, ids, records, probes, token): the one step by which jobs enter `active`, all under one new token, the
-- newest of all. An id without a record is passed over, unless its record is yet to be read (probes has ''). Returns how many entered.
-- A row of `held` that can't be counted on from is left as it is.
local function enter_active(active, held, meta, news, ids, records, probes, token)
  local rows, n, heard = {}, 0, news.heard
  for i, id in ipairs(ids) do
    if records[i] or probes[i] == '' then
      rows[n + 1], rows[n + 2], n = id, token, n + 2
      if heard then say(news, 'active', id) end
    end
  end
  if n == 0 then return 0 end
  local lease, number = token:match('^(.*):(.*)$')
  redis.call('HSET', active, unpack(rows))
  redis.pcall('HINCRBY', held, lease, n / 2)
  redis.call('HSET', meta, 'token', number)
  return n / 2
end
