-- Leases: renewal by living workers, recovery from dead ones. A lease is the idle time of a pending entry.

-- Ends one pending entry of `stream` and gives its job back or buries it; answers what became of it, nil if it was stale.
local function reclaim(q, config, stream, entry, consumer, crashed, now, tally)
  local found = redis.call('XRANGE', q[stream], entry, entry)[1]
  if redis.call('XACK', q[stream], GROUP, entry) == 1 then
    local name = stream .. ' ' .. entry
    giveSlots(q, config, name, heldBy(q, { name })[1])
  end
  redis.call('XDEL', q[stream], entry)
  if not found then return nil end
  local id = idOf(found[2]) or stream .. '-' .. entry
  local value = redis.call('HGET', q.jobs, id)
  if not value then return nil end
  -- When it started and how long it ran only its worker knew.
  local run = stream .. ' ' .. entry .. ' - - ' .. consumer
  local h, inline = read(value)
  if not h then
    buryUnreadable(q, config, id, value, run, tally)
    return 'dead'
  end
  if h.entry ~= entry or streamOf(h) ~= stream then return nil end
  if not crashed then
    giveBack(q, config, id, h, inline, now, 'released', run, tally)
    return 'released'
  end
  h.crashes = (h.crashes or 0) + 1
  if h.crashes >= CRASHES and not h.cancel then
    bury(q, config, id, h, inline, now, 'its worker did not come back, ' .. CRASHES .. ' times', run, tally)
    return 'dead'
  end
  noteError(q, id, h, now, 'its worker did not come back', consumer)
  giveBack(q, config, id, h, inline, now, 'recovered', run, tally)
  return 'recovered'
end

-- penstock_renew: the heartbeat of a worker.
-- KEYS queue; ARGV consumer period more|last number-of-types type… [level entry id n]…
-- Renews the runs named. With `last` they, and those of the calls before, are all the worker holds: what else is pending under
-- its name for longer than `period` ms was claimed by a turn whose reply was lost, and is released. Jobs parked under the
-- types are let in. Replies now, lease, released, admitted, `more` or `done`; then OK, LOST or CANCEL for each run.
register('renew', { 'allow-oom' }, function(q, args)
  local consumer, period, types = args[1], integer(args[2], 0, 99999999999), integer(args[4], 0, 1000)
  if not period or not types or args[3] ~= 'more' and args[3] ~= 'last' or (#args - 4 - types) % 4 ~= 0
    or #args > 4 + types + 4 * CALL_JOBS then
    return fail('INVALID', 'needed: consumer period more|last number-of-types type… and four words a run, up to 100 runs')
  end
  local config, now, tally, answers = configOf(q), clock(), {}, {}
  for i = 5 + types, #args, 4 do
    local stream, entry, id, n = args[i], args[i + 1], args[i + 2], args[i + 3]
    local own = (RANK[stream] or stream == 'returned') and entry:find('^%d+%-%d+$')
      -- pcall: when Redis has lost its data there is no such stream, and the run is lost.
      and redis.pcall('XPENDING', q[stream], GROUP, entry, entry, 1, consumer)[1]
    local value = own and redis.call('HGET', q.jobs, id)
    local h = value and read(value)
    if h and h.entry == entry and streamOf(h) == stream and entry:sub(-#n - 1) == '-' .. n then
      redis.call('XCLAIM', q[stream], GROUP, consumer, 0, entry, 'RETRYCOUNT', whole(startOf(own, now)), 'JUSTID')
      answers[#answers + 1] = h.cancel and 'CANCEL' or 'OK'
    else
      answers[#answers + 1] = 'LOST'
    end
  end
  local released, admitted, left = 0, 0, CALL_JOBS
  if args[3] == 'last' then
    for _, stream in ipairs(STREAMS) do
      local pending = left > 0 and redis.pcall('XPENDING', q[stream], GROUP, 'IDLE', period, '-', '+', left, consumer) or {}
      for _, run in ipairs(pending) do
        if reclaim(q, config, stream, run[1], consumer, false, now, tally) then released = released + 1 end
      end
      left = left - #pending
    end
  end
  for i = 5, 4 + types do
    if admitted < CALL_JOBS then
      admitted = admitted + admit(q, config, args[i], CALL_JOBS - admitted, now, tally)
    end
  end
  writeTally(q, tally)
  if released + admitted > 0 then ring(q) end
  return {
    whole(now), whole(config.lease), whole(released), whole(admitted),
    (left <= 0 or admitted >= CALL_JOBS) and 'more' or 'done', unpack(answers),
  }
end)

-- penstock_recover: gives the runs whose lease is over to others, or buries them after three crashes.
-- KEYS queue; no ARGV. It remembers its last call: if that is more than half a lease ago, Redis or every scheduler was away, and
-- for another half lease it recovers nothing, so that living workers renew first.
-- Replies recovered, dead, and `more`, `done` or `hold`.
register('recover', { 'allow-oom' }, function(q)
  local config, now, tally = configOf(q), clock(), {}
  local seen = redis.call('HMGET', q.stats, 'recoveredAt', 'recoverAfter')
  local after, half = tonumber(seen[2] or 0), math.floor(config.lease / 2)
  -- A hold never ends later than half a lease from now, unless the clock has gone back since.
  if not seen[1] or now - seen[1] > half or after > now + half then
    after = now + half
    redis.call('HSET', q.stats, 'recoverAfter', whole(after))
  end
  redis.call('HSET', q.stats, 'recoveredAt', whole(now))
  if now < after then return { '0', '0', 'hold' } end
  local recovered, dead, left = 0, 0, CALL_JOBS
  for _, stream in ipairs(STREAMS) do
    local pending = left > 0 and redis.pcall('XPENDING', q[stream], GROUP, 'IDLE', config.lease, '-', '+', left) or {}
    for _, run in ipairs(pending) do
      local fate = reclaim(q, config, stream, run[1], run[2], true, now, tally)
      if fate == 'recovered' then recovered = recovered + 1 elseif fate == 'dead' then dead = dead + 1 end
    end
    left = left - #pending
  end
  count(tally, 'recovered', recovered)
  writeTally(q, tally)
  if recovered + dead > 0 then ring(q) end
  return { whole(recovered), whole(dead), left <= 0 and 'more' or 'done' }
end)
