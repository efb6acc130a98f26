-- Ending runs.

-- Words of arguments behind each outcome's verb.
local OUTCOMES = { completed = 1, retry = 2, dead = 1, release = 0, unhandled = 0, cancelled = 0 }

-- Reads outcomes from args[at…]: level entry id n startedAt ran verb argument…; nil and what is wrong if they do not fit.
local function parseOutcomes(args, at)
  local outcomes = {}
  while at <= #args do
    local verb = args[at + 6]
    local words = verb and OUTCOMES[verb]
    if not words then return nil, 'an outcome is level entry id n startedAt ran completed|retry|dead|release|unhandled|cancelled' end
    local o = {
      level = args[at], entry = args[at + 1], id = args[at + 2], n = args[at + 3], startedAt = args[at + 4],
      ran = args[at + 5], verb = verb, args[at + 7], args[at + 8],
    }
    at = at + 7 + words
    if at > #args + 1 then return nil, verb .. ' needs ' .. words .. ' more arguments' end
    if not RANK[o.level] and o.level ~= 'returned' then return nil, 'unknown level ' .. o.level:sub(1, 40) end
    if not o.entry:find('^%d+%-%d+$') then return nil, 'entry ' .. o.entry:sub(1, 60) .. ' is not MS-SEQ' end
    if verb == 'retry' and not integer(o[1], 0, 99999999999) then return nil, 'retry needs a delay in milliseconds' end
    if not integer(o.startedAt, 0, 99999999999999) or not integer(o.ran, 0, 99999999999999) then
      return nil, 'startedAt and ran are milliseconds'
    end
    outcomes[#outcomes + 1] = o
    if #outcomes > CALL_JOBS then return nil, 'more than ' .. CALL_JOBS .. ' outcomes' end
  end
  return outcomes
end

local VERBS = {}

function VERBS.completed(q, config, o, h, inline, value, now, run, tally)
  freeUnique(q, h, o.id, now, true)
  local line = value:find('\n', 1, true)
  local fields = o[1] ~= '' and { 'result', o[1] } or {}
  record(q, config, 'completed', o.id, line and value:sub(1, line - 1) or value, run, fields, payloadOf(q, o.id, inline))
  remove(q, o.id, inline)
  count(tally, 'completed')
end

function VERBS.retry(q, config, o, h, inline, value, now, run, tally)
  count(tally, 'failed')
  if h.cancel then return cancelNow(q, config, o.id, h, inline, now, run, tally) end
  h.attempt, h.lastError = (h.attempt or 0) + 1, o[2]:sub(1, ERROR_BYTES)
  h.runAt, h.entry, h.stream = now + integer(o[1], 0, 99999999999), nil, nil
  redis.call('ZADD', q.delayed, whole(h.runAt), o.id)
  record(q, config, 'retried', o.id, write(q, o.id, h, inline), run, { 'error', h.lastError }, nil)
  count(tally, 'retried')
end

function VERBS.dead(q, config, o, h, inline, value, now, run, tally)
  count(tally, 'failed')
  h.attempt = (h.attempt or 0) + 1
  bury(q, config, o.id, h, inline, now, o[1], run, tally)
end

function VERBS.release(q, config, o, h, inline, value, now, run, tally)
  giveBack(q, config, o.id, h, inline, now, 'released', run, tally)
end

function VERBS.unhandled(q, config, o, h, inline, value, now, run, tally)
  if h.cancel then return cancelNow(q, config, o.id, h, inline, now, run, tally) end
  h.entry, h.stream = nil, nil
  redis.call('ZADD', q.parked, 0, parkedType(o.id, h))
  record(q, config, 'unhandled', o.id, write(q, o.id, h, inline), run, {}, nil)
end

function VERBS.cancelled(q, config, o, h, inline, value, now, run, tally)
  cancelNow(q, config, o.id, h, inline, now, run, tally)
end

-- Settles outcomes; answers `OK` or `LOST` for each. The run must fit in all four of its names, and then XACK proves that
-- it still belongs to the caller: entries never change hands, recovery makes new ones.
local function settle(q, config, consumer, outcomes, again, now, tally)
  local answers, over = {}, {}
  for i, o in ipairs(outcomes) do
    local value = redis.call('HGET', q.jobs, o.id)
    local h, inline = nil, nil
    if value then h, inline = read(value) end
    local fits = value and (not h or whole(h.n) == o.n and entryOf(h) == o.entry and streamOf(h) == o.level)
    if fits and redis.call('XACK', q[o.level], GROUP, o.entry) == 1 then
      over[o.level] = over[o.level] or {}
      table.insert(over[o.level], o.entry)
      local run = { o.level, o.entry, consumer, o.startedAt, o.ran }
      if h then
        VERBS[o.verb](q, config, o, h, inline, value, now, run, tally)
      else
        buryUnreadable(q, config, o.id, value, run, tally)
      end
      answers[i] = 'OK'
    else
      answers[i] = 'LOST'
      if not again then count(tally, 'lost') end
    end
  end
  for level, entries in pairs(over) do erase(q[level], GROUP, entries) end
  return answers
end
