-- known(jobs, traits, ids, news): for each id whether it has a record. A record over 1 KiB has a row in traits, so no large record is read.
-- With `news`, news.heard tells whether somebody listens.
local function known(jobs, traits, ids, news)
  local flagged = news and attend(news, traits)
  if not news then flagged = redis.call('EXISTS', traits) == 1 end
  if not flagged then return redis.call('HMGET', jobs, unpack(ids)) end
  local probes, found = {}, redis.call('HMGET', traits, unpack(ids))
  for i, id in ipairs(ids) do
    probes[i] = found[i] and '' or id
  end
  for i, record in ipairs(redis.call('HMGET', jobs, unpack(probes))) do
    found[i] = found[i] or record
  end
  return found
end
