-- Dead letters: jobs that failed for good. Header, payload and the history of errors stay until somebody decides, or the queue's
-- `retention` is over.

-- penstock_requeue: gives a dead letter a new life, with all its attempts, now or later. KEYS queue; ARGV id [delay MS].
-- Replies `queued ID`, or `duplicate ID` when another job has taken its unique key. Errors: UNKNOWN; INVALID unless it is dead.
register('requeue', {}, function(q, args)
  local to, wrong = named(args, 2, { delay = OPTIONS.delay })
  if not to then return wrong end
  local h, inline = find(q, args[1])
  if not h then return inline end
  local id, now, tally = args[1], clock(), {}
  if not redis.call('ZSCORE', q.dead, id) then return fail('INVALID', 'job ' .. id .. ' is not dead') end
  local holder = h.unique and holderOf(q, h.unique, now)
  if holder then return { 'duplicate', holder } end
  if h.unique then hold(q, h.unique, id, now + (h.ttl or UNIQUE_TTL)) end
  redis.call('ZREM', q.dead, id)
  h.attempt, h.crashes, h.snoozes, h.deadline, h.latest = nil, nil, nil, nil, nil
  if (to.delay or 0) > 0 then
    h.runAt = now + to.delay
    redis.call('ZADD', q.delayed, whole(h.runAt), id)
  else
    ready(q, configOf(q), id, h, now, tally)
  end
  write(q, id, h, inline)
  count(tally, 'bytes', #(payloadOf(q, id, inline) or ''))
  count(tally, 'requeued')
  writeTally(q, tally)
  ring(q)
  return { 'queued', id }
end)

-- penstock_resolve: a person has dealt with a dead letter. KEYS queue; ARGV id note (1 to 1,000 bytes). Replies `resolved ID`; the
-- note goes to Postgres, the letter out of Redis; the event has the payload, for a sink that is late with the job's death.
-- Errors: UNKNOWN; INVALID unless it is dead.
register('resolve', { 'allow-oom' }, function(q, args)
  local id, note = args[1], args[2]
  if not note or #note < 1 or #note > 1000 then return fail('INVALID', 'a note of 1 to 1000 bytes is needed') end
  local h, inline = find(q, id)
  if not h then return inline end
  if redis.call('ZREM', q.dead, id) == 0 then return fail('INVALID', 'job ' .. id .. ' is not dead') end
  local tally = {}
  record(q, configOf(q), 'resolved', id, cjson.encode(h), false, 'error', note, payloadOf(q, id, inline))
  remove(q, id, inline)
  count(tally, 'resolved')
  writeTally(q, tally)
  return { 'resolved', id }
end)

local LETTERS = {
  count = { function(v) return integer(v, 1, CALL_JOBS) end, '1 to ' .. CALL_JOBS },
  before = { function(v) return v:find('^%d+ ') and v or nil end, 'the cursor of the reply before' },
  type = { function(v) return printable(v, 128) and v or nil end, '1 to 128 printable characters' },
  error = { function(v) return #v >= 1 and #v <= KIB and v or nil end, '1 to 1024 bytes' },
  from = { function(v) return integer(v, 0, NUMBERS) end, 'milliseconds since 1970' },
  to = { function(v) return integer(v, 0, NUMBERS) end, 'milliseconds since 1970' },
}

-- penstock_dead: dead letters, the newest first. KEYS queue; ARGV [count N] [before CURSOR] [type TYPE] [error TEXT] [from MS]
-- [to MS]; `error` is any part of the last error's text. Replies the cursor of the next page ('' at the end), then id, time of
-- death, header for each. One call looks at 1,000 letters and 4 MiB at most, so a page may be short, or empty, and not the last.
register('dead', { 'no-writes', 'allow-oom' }, function(q, args)
  local want, wrong = named(args, 1, LETTERS)
  if not want then return wrong end
  local reply, found, most, looked, size = { '' }, 0, want.count or CALL_JOBS, 0, 0
  local ms, last = (want.before or ''):match('^(%d+) (.*)$')
  local top = math.min(tonumber(ms or NUMBERS), want.to or NUMBERS)
  local page = redis.call('ZRANGE', q.dead, whole(math.min(top, NUMBERS - 1)), want.from or '-inf', 'BYSCORE', 'REV',
    'LIMIT', 0, 1000, 'WITHSCORES')
  for i = 1, #page, 2 do
    local id, died = page[i], page[i + 1]
    -- Letters of the cursor's own millisecond come in falling order of their ids.
    if not (ms and died == ms and id >= last) then
      local value = redis.call('HGET', q.jobs, id)
      local h, _, line = nil, nil, nil
      if value then
        h, _, line = read(value)
        size = size + #value
      end
      if h and (not want.type or h.type == want.type) and (not want.error or (h.lastError or ''):find(want.error, 1, true)) then
        reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = id, died, line
        found = found + 1
      end
    end
    looked = looked + 1
    if found == most or looked == 1000 or size > CALL_BYTES then
      reply[1] = died .. ' ' .. id
      break
    end
  end
  return reply
end)
