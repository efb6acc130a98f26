-- Ending runs.

-- Words of arguments behind each outcome's verb.
local OUTCOMES = {
  completed = 1, skipped = 1, retry = 2, snooze = 1, dead = 1, release = 0, unhandled = 0, cancelled = 0,
}

-- Reads outcomes from args[at…]: level entry id n startedAt ran verb argument…; nil and what is wrong if they do not fit.
local function parseOutcomes(args, at)
  local outcomes, last = {}, #args
  while at <= last do
    local verb = args[at + 6]
    local words = OUTCOMES[verb or '']
    if not words then
      return nil, 'an outcome is level entry id n startedAt ran '
        .. 'completed|skipped|retry|snooze|dead|release|unhandled|cancelled'
    end
    local o = {
      level = args[at], entry = args[at + 1], id = args[at + 2], n = args[at + 3], startedAt = args[at + 4],
      ran = args[at + 5], verb = verb, first = args[at + 7], second = args[at + 8],
    }
    at = at + 7 + words
    if at > last + 1 then return nil, verb .. ' needs ' .. words .. ' more arguments' end
    if not WAITING[o.level] then return nil, 'unknown level ' .. o.level:sub(1, 40) end
    if (verb == 'retry' or verb == 'snooze') and not integer(o.first, 0, 99999999999) then
      return nil, verb .. ' needs a delay in milliseconds'
    end
    if not tonumber(o.startedAt) or not tonumber(o.ran) then return nil, 'startedAt and ran are milliseconds' end
    outcomes[#outcomes + 1] = o
    if #outcomes > CALL_JOBS then return nil, 'more than ' .. CALL_JOBS .. ' outcomes' end
  end
  return outcomes
end

local VERBS = {}

function VERBS.completed(q, config, o, h, inline, line, now, run, tally, gone)
  if h.unique then freeUnique(q, h, o.id, now, true) end
  local payload = payloadOf(q, o.id, inline)
  record(q, config, 'completed', o.id, line, run, o.first ~= '' and 'result', o.first, payload)
  count(tally, 'bytes', -#(payload or ''))
  gone[#gone + 1] = o.id
  if not inline then redis.call('HDEL', q.bodies, o.id) end
  if h.lastError or h.crashes then redis.call('HDEL', q.history, o.id) end
end

-- Done, because there was nothing to do.
function VERBS.skipped(q, config, o, h, inline, line, now, run, tally, gone)
  o.first = cjson.encode({ skipped = o.first })
  count(tally, 'skipped')
  VERBS.completed(q, config, o, h, inline, line, now, run, tally, gone)
end

-- The job waits for a time; it has left its lane for good.
local function delay(q, o, h, due)
  leave(h)
  h.parked, h.place, h.runAt = nil, nil, due
  redis.call('ZADD', q.delayed, whole(due), o.id)
end

-- When a retry that is due may run: its type's budget spreads the retries of an outage. 0 where there is none.
local function budgetOf(q, config, kind, now)
  local budgets = config.limits and config.limits.retries
  local budget = budgets and (budgets[kind] or budgets[''])
  if not budget then return 0 end
  -- Retries are spread ahead of now, as far as it takes.
  local name = 'retries:type:' .. kind
  local at = math.max(now * 1000, tonumber(redis.call('ZSCORE', q.rates, name) or 0)) + budget.interval
  redis.call('ZADD', q.rates, whole(at), name)
  return math.min(math.ceil((at - budget.ahead - budget.interval) / 1000), NUMBERS - 1)
end

function VERBS.retry(q, config, o, h, inline, line, now, run, tally)
  count(tally, 'failed')
  if h.cancel then return cancelNow(q, config, o.id, h, inline, now, run, tally) end
  h.attempt, h.lastError = (h.attempt or 0) + 1, o.second:sub(1, ERROR_BYTES)
  delay(q, o, h, math.max(now + tonumber(o.first), budgetOf(q, config, h.type, now)))
  noteError(q, o.id, h, now, o.second, o.consumer)
  record(q, config, 'retried', o.id, write(q, o.id, h, inline), run, 'error', h.lastError)
  count(tally, 'retried')
end

-- Again later, no attempt charged.
function VERBS.snooze(q, config, o, h, inline, line, now, run, tally)
  if h.cancel then return cancelNow(q, config, o.id, h, inline, now, run, tally) end
  h.snoozes = (h.snoozes or 0) + 1
  delay(q, o, h, now + tonumber(o.first))
  record(q, config, 'snoozed', o.id, write(q, o.id, h, inline), run)
  count(tally, 'snoozed')
end

function VERBS.dead(q, config, o, h, inline, line, now, run, tally)
  count(tally, 'failed')
  if h.cancel then return cancelNow(q, config, o.id, h, inline, now, run, tally) end
  h.attempt = (h.attempt or 0) + 1
  bury(q, config, o.id, h, inline, now, o.first, run, tally)
end

function VERBS.release(q, config, o, h, inline, line, now, run, tally)
  giveBack(q, config, o.id, h, inline, now, 'released', run, tally)
end

function VERBS.unhandled(q, config, o, h, inline, line, now, run, tally)
  if h.cancel then return cancelNow(q, config, o.id, h, inline, now, run, tally) end
  park(q, o.id, h, 'type:' .. h.type)
  record(q, config, 'unhandled', o.id, write(q, o.id, h, inline), run)
end

function VERBS.cancelled(q, config, o, h, inline, line, now, run, tally)
  cancelNow(q, config, o.id, h, inline, now, run, tally)
end

-- Settles outcomes; answers `OK` or `LOST` for each. The run must fit in all four of its names, and then XACK proves that
-- it still belongs to the caller: entries never change hands, recovery makes new ones.
local function settle(q, config, consumer, outcomes, again, now, tally)
  local answers, over, ids, gone, runs = {}, {}, {}, {}, {}
  for i, o in ipairs(outcomes) do ids[i], runs[i] = o.id, o.level .. ' ' .. o.entry end
  local values, held = #ids > 0 and redis.call('HMGET', q.jobs, unpack(ids)), heldBy(q, runs)
  for i, o in ipairs(outcomes) do
    local value = values[i]
    local h, inline, line = nil, nil, nil
    if value then h, inline, line = read(value) end
    local fits
    if h then
      fits = h.entry == o.entry and streamOf(h) == o.level and o.entry:sub(-#o.n - 1) == '-' .. o.n
    else
      local found = value and o.entry:find('^%d+%-%d+$') and redis.call('XRANGE', q[o.level], o.entry, o.entry)[1]
      fits = found and (idOf(found[2]) or o.level .. '-' .. o.entry) == o.id
    end
    if fits and redis.call('XACK', q[o.level], GROUP, o.entry) == 1 then
      giveSlots(q, config, runs[i], held[i])
      o.consumer = consumer
      local ended = over[o.level] or {}
      ended[#ended + 1], over[o.level] = o.entry, ended
      local run = runs[i] .. ' ' .. o.startedAt .. ' ' .. o.ran .. ' ' .. consumer
      if h then
        VERBS[o.verb](q, config, o, h, inline, line, now, run, tally, gone)
      else
        buryUnreadable(q, config, o.id, value, run, tally)
      end
      answers[i] = 'OK'
    else
      answers[i] = 'LOST'
      if not again then count(tally, 'lost') end
    end
  end
  if #gone > 0 then
    redis.call('HDEL', q.jobs, unpack(gone))
    count(tally, 'completed', #gone)
  end
  for level, entries in pairs(over) do erase(q[level], GROUP, entries) end
  return answers
end
