-- What a scheduler does once a second, beside recovery.

-- Forgets unique keys that are over; answers how many, and how many it looked at. A key whose job still lives is freed by the job's
-- end, and looked at again in a day in case it was not: when the clock has gone back, or the job could not be read.
local function sweepUnique(q, now)
  local keys = redis.call('ZRANGEBYSCORE', q['unique:expiry'], '-inf', whole(now), 'LIMIT', 0, CALL_JOBS)
  local freed = 0
  for _, key in ipairs(keys) do
    local state, id = (redis.call('HGET', q.unique, key) or ''):match('^%d+ (%a+) (.*)$')
    if state == 'live' and redis.call('HEXISTS', q.jobs, id) == 1 then
      redis.call('ZADD', q['unique:expiry'], whole(now + UNIQUE_TTL), key)
    else
      redis.call('HDEL', q.unique, key)
      redis.call('ZREM', q['unique:expiry'], key)
      freed = freed + 1
    end
  end
  return freed, #keys
end

-- Removes consumers that hold nothing and have been silent for an hour, in one step with the look at what they hold.
local function tidy(q)
  local removed = 0
  for name, group in pairs({ returned = GROUP, critical = GROUP, high = GROUP, normal = GROUP, low = GROUP, events = SINK }) do
    local consumers = redis.pcall('XINFO', 'CONSUMERS', q[name], group)
    for _, fields in ipairs(consumers.err and {} or consumers) do
      local c = {}
      for i = 1, #fields, 2 do c[fields[i]] = fields[i + 1] end
      if c.pending == 0 and c.idle > CONSUMER_IDLE then
        redis.call('XGROUP', 'DELCONSUMER', q[name], group, c.name)
        removed = removed + 1
      end
    end
  end
  return removed
end

-- Forgets dead letters that are older than the queue's `retention`; answers how many. Their rows stay in Postgres.
local function expire(q, now, tally)
  local retention = tonumber(redis.call('HGET', q.config, 'retention') or '') or DEFAULTS.retention
  if retention == 0 then return 0 end
  local ids = redis.call('ZRANGEBYSCORE', q.dead, '-inf', whole(now - retention), 'LIMIT', 0, CALL_JOBS)
  for _, id in ipairs(ids) do
    redis.call('ZREM', q.dead, id)
    remove(q, id)
  end
  count(tally, 'expired', #ids)
  return #ids
end

-- penstock_sweep: promotes what is due, opens lanes whose limit has room, forgets unique keys and dead letters that are over,
-- rates that no longer count, and now and then consumers that are gone.
-- KEYS queue; no ARGV. Replies promoted, freed, removed, and `more` or `done`.
register('sweep', { 'allow-oom' }, function(q)
  local config, now, tally = configOf(q), clock(), {}
  local promoted, removed = promote(q, config, now, tally), 0
  local freed, looked = sweepUnique(q, now)
  if now - (redis.call('HGET', q.stats, 'tidiedAt') or 0) > TIDY_EVERY then
    redis.call('HSET', q.stats, 'tidiedAt', whole(now))
    removed = tidy(q)
  end
  local expired = expire(q, now, tally)
  redis.call('ZREMRANGEBYSCORE', q.rates, '-inf', whole(now * 1000))
  if redis.call('EXISTS', q.parked) == 0 then redis.call('DEL', q.open, q.stalled, q.gates, q.turns) end
  local isOpening = openAll(q, config, now, CALL_JOBS)
  writeTally(q, tally)
  if promoted > 0 or redis.call('EXISTS', q.open) == 1 then ring(q) end
  local isMore = isOpening or promoted >= CALL_DUE or looked >= CALL_JOBS or expired >= CALL_JOBS
  return { whole(promoted), whole(freed), whole(removed), isMore and 'more' or 'done' }
end)
