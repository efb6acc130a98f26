-- The hot path: one round trip settles, promotes and claims.

-- Entries that wait in the streams. `waiting` is counted: XLEN and lag count stale entries too.
local function waitingOf(q)
  local sum = 0
  for _, number in ipairs(redis.call('HMGET', q.stats, 'waiting:returned', 'waiting:critical', 'waiting:high',
    'waiting:normal', 'waiting:low')) do
    sum = sum + tonumber(number or 0)
  end
  return sum
end

-- Why nothing is claimed: `paused`, `bound`, or nil.
local function heldBack(q, config)
  if config.paused then return 'paused' end
  if config.record and redis.call('XLEN', q.events) >= config.maxEvents then return 'bound' end
end

-- The ms until time alone lets something start: the first delayed job, the first rate that has room again. Nil if nothing.
local function nextDue(q, config, now, wait)
  local due = redis.call('ZRANGE', q.delayed, 0, 0, 'WITHSCORES')[2]
  local gate = config.limits and redis.call('ZRANGE', q.gates, 0, 0, 'WITHSCORES')[2]
  local next = math.min(tonumber(due or NUMBERS), tonumber(gate or NUMBERS), wait and now + wait or NUMBERS)
  if next < NUMBERS then return math.max(0, next - now) end
end

-- Settles, promotes, claims. Answers now, lease, time until something is due (-1: none), a flag and the number of answers;
-- then the answers, then five words a run: level entry id header payload.
-- The flag: `more` (left over though the caller wanted it), `idle`, `paused`, `bound`.
local function turn(q, consumer, want, outcomes, again)
  local config, now, tally = configOf(q), clock(), {}
  local answers = settle(q, config, consumer, outcomes, again, now, tally)
  promote(q, config, now, tally)
  local held = heldBack(q, config)
  local allowed = allowance(q, config, held and 0 or want, now)
  local claim = newClaim(q, config, consumer, allowed, now, tally)
  if allowed > 0 then claimRuns(claim) end
  writeTally(q, tally)
  -- A claim that has seen the end of every stream knows better than the counters; a wrong one would ring for ever.
  local hasSeenAll, waits = claim.left > 0 and not claim.more, waitingOf(q) > 0
  local room, wait = 0, nil
  if hasSeenAll then
    for _, field in pairs(waits and WAITING or {}) do redis.call('HSET', q.stats, field, 0) end
  elseif not held and (waits or hasOpen(q, config)) then
    room, wait = allowance(q, config, 1, now)
    if room > 0 then ring(q) end
  end
  local next = nextDue(q, config, now, wait)
  local reply = {
    whole(now), whole(config.lease), next and whole(next) or '-1',
    held or claim.more and 'more' or 'idle', whole(#answers),
  }
  local at, jobs = #reply, claim.jobs
  for i = 1, #answers do reply[at + i] = answers[i] end
  at = at + #answers
  for i = 1, #jobs do reply[at + i] = jobs[i] end
  return reply
end

-- penstock_turn: settles up to 100 runs, promotes what is due, claims up to `want` runs.
-- KEYS queue; ARGV consumer want [again] [level entry id n startedAt ran VERB argument…]…, the verbs being completed RESULT,
-- skipped REASON, retry DELAY ERROR, snooze DELAY, dead ERROR, release, unhandled, cancelled. `again` marks outcomes sent
-- before whose answer was lost.
-- Replies as `turn` above says. Error: INVALID, and then nothing is done.
register('turn', { 'allow-oom' }, function(q, args)
  local consumer, want = args[1], integer(args[2], 0, CALL_JOBS)
  if not consumer or consumer == '' or not want then
    return fail('INVALID', 'a consumer and a number of jobs from 0 to ' .. CALL_JOBS .. ' are needed')
  end
  local again = args[3] == 'again'
  local outcomes, wrong = parseOutcomes(args, again and 4 or 3)
  if not outcomes then return fail('INVALID', wrong) end
  return turn(q, consumer, want, outcomes, again)
end)

-- penstock_claim: the claiming half. KEYS queue; ARGV consumer want. Replies as penstock_turn, with no answers.
register('claim', { 'allow-oom' }, function(q, args)
  local want = integer(args[2], 0, CALL_JOBS)
  if #args ~= 2 or args[1] == '' or not want then
    return fail('INVALID', 'a consumer and a number of jobs from 0 to ' .. CALL_JOBS .. ' are needed')
  end
  return turn(q, args[1], want, {}, false)
end)

-- penstock_finish: the settling half. KEYS queue; ARGV consumer outcome…. Replies OK or LOST for each.
register('finish', { 'allow-oom' }, function(q, args)
  if not args[1] or args[1] == '' then return fail('INVALID', 'a consumer is needed') end
  local outcomes, wrong = parseOutcomes(args, 2)
  if not outcomes then return fail('INVALID', wrong) end
  local reply = turn(q, args[1], 0, outcomes, false)
  return { unpack(reply, 6, 5 + #outcomes) }
end)
