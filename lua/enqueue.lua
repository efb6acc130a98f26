-- How jobs come in.

-- A UUIDv7 (RFC 9562, 5.7): 48 bits of time, the rest from a hash of what never repeats.
local function newId(q, now, n)
  local hash = redis.sha1hex(q.name .. stampOf(now) .. '.' .. whole(n))
  local time = string.format('%012x', now)
  local variant = string.sub('89ab', 1 + tonumber(hash:sub(4, 4), 16) % 4)
  return time:sub(1, 8) .. '-' .. time:sub(9) .. '-7' .. hash:sub(1, 3) .. '-' .. variant:sub(1, 1) .. hash:sub(5, 7)
    .. '-' .. hash:sub(8, 19)
end

-- How long a unique key is held, and what a held one does to the next job.
local SCOPES = { window = 'window', ['until-started'] = 'until-started', ['until-finished'] = 'until-finished' }
local CONFLICTS = { skip = 'skip', replace = 'replace', cancel = 'cancel' }

-- Each option: how its text becomes a value, or nil if it is wrong; and what would be right.
local OPTIONS = {
  id = { function(v) return printable(v, 128) and v or nil end, '1 to 128 printable characters' },
  priority = {
    function(v) return RANK[v] and v or LEVELS[(integer(v, 0, 3) or 9) + 1] end,
    'critical, high, normal or low (0 to 3)',
  },
  key = { function(v) return printable(v, 256) and v or nil end, '1 to 256 printable characters' },
  delay = { function(v) return integer(v, 0, 99999999999) end, 'milliseconds, up to 99999999999' },
  at = { function(v) return integer(v, 0, 9999999999999) end, 'milliseconds since 1970' },
  unique = { function(v) return #v >= 1 and #v <= 512 and v or nil end, '1 to 512 bytes' },
  scope = { function(v) return SCOPES[v] end, 'window, until-started or until-finished' },
  conflict = { function(v) return CONFLICTS[v] end, 'skip, replace or cancel' },
  singleton = { function(v) return v ~= 'replace' and CONFLICTS[v] or nil end, 'skip or cancel' },
  ['max-wait'] = { function(v) return integer(v, 1, 99999999999) end, 'milliseconds, from 1 to 99999999999' },
  deadline = { function(v) return integer(v, 1, 99999999999) end, 'milliseconds, from 1 to 99999999999' },
  late = { function(v) return (v == 'drop' or v == 'bury') and v or nil end, 'drop or bury' },
  ttl = { function(v) return integer(v, 1, 99999999999) end, 'milliseconds, from 1 to 99999999999' },
  attempts = { function(v) return integer(v, 1, 1000) end, '1 to 1000' },
  timeout = { function(v) return integer(v, 1, 99999999999) end, 'milliseconds, from 1 to 99999999999' },
  headers = { function(v) return v:find('^%s*{') and #v <= 64 * KIB and v or nil end, 'a JSON object of up to 64 KiB' },
  source = { function(v) return printable(v, 128) and v or nil end, '1 to 128 printable characters' },
  traceparent = { function(v) return printable(v, 128) and v or nil end, '1 to 128 printable characters' },
  origin = { function(v) return printable(v, 256) and v or nil end, '1 to 256 printable characters' },
}

-- Checks the options that belong to `unique` together, and fills in what they imply; answers the job, or nil and what is wrong.
local function settled(job)
  if not (job.unique or job.ttl or job.scope or job.conflict or job.singleton or job['max-wait']) then return job end
  for _, name in ipairs({ 'ttl', 'scope', 'conflict', 'singleton', 'max-wait' }) do
    if job[name] and not job.unique then return nil, name .. ' is for jobs with a unique key' end
  end
  if job.singleton then
    if job.scope or job.conflict then return nil, 'singleton has a scope and a conflict of its own' end
    job.scope, job.conflict = 'until-finished', job.singleton
  end
  if job.conflict == 'replace' and not job.scope then job.scope = 'until-started' end
  if job['max-wait'] and job.conflict ~= 'replace' then return nil, 'max-wait is for conflict replace' end
  if job.ttl and job.scope and job.scope ~= 'window' then return nil, 'ttl is for the scope window' end
  return job
end

-- Reads one job from args[first..last]: type payload [name value]…; answers a job, or nil and what is wrong.
local function parse(args, first, last)
  local kind, payload = args[first], args[first + 1]
  if last < first + 1 then return nil, 'a type and a payload are needed' end
  if not printable(kind, 128) then return nil, 'type has 1 to 128 printable characters, and is not ' .. shown(kind) end
  if #payload > PAYLOAD_BYTES then return nil, 'payload has ' .. #payload .. ' bytes; up to ' .. PAYLOAD_BYTES .. ' are taken' end
  local job = { type = kind, payload = payload }
  for i = first + 2, last, 2 do
    local given, text = args[i], args[i + 1]
    local name = given
    if not OPTIONS[name] then name = name:lower() end
    local option = OPTIONS[name]
    if not option then return nil, 'unknown option ' .. shown(given) end
    if i + 1 > last then return nil, 'option ' .. name .. ' has no value' end
    job[name] = option[1](text)
    if job[name] == nil then
      -- Headers have credentials.
      return nil, name .. ' is ' .. option[2] .. (name ~= 'headers' and ', not ' .. shown(text) or '')
    end
  end
  if job.delay and job.at then return nil, 'give delay or at, not both' end
  if job.late and not job.deadline then return nil, 'late is for jobs with a deadline' end
  return settled(job)
end

-- What an enqueue obeys, few of the settings: each that is read costs.
local function rulesOf(q)
  local v = redis.call('HMGET', q.config, 'draining', 'fair', 'maxLength', 'maxBytes', 'refuse')
  return {
    isDraining = v[1] == 'yes', isFair = v[2] == 'yes',
    maxLength = tonumber(v[3] or '') or DEFAULTS.maxLength, maxBytes = tonumber(v[4] or '') or DEFAULTS.maxBytes,
    refuse = RANK[v[5]] and v[5] or DEFAULTS.refuse,
  }
end

-- Why a queue takes no more payload of this job now, or nil. `bytes` are more than there were, those of this call are in `tally`.
local function weight(q, config, job, bytes, tally)
  if config.maxBytes == 0 or bytes <= 0 or RANK[levelOf(job)] < RANK[config.refuse] then return nil end
  if #job.payload > config.maxBytes then
    return 'FULL queue ' .. q.name .. ' takes ' .. whole(config.maxBytes) .. ' bytes of payload in all, its maxBytes, and this one has '
      .. #job.payload .. '; raise maxBytes, or send less'
  end
  if (redis.call('HGET', q.stats, 'bytes') or 0) + (tally.bytes or 0) + bytes > config.maxBytes then
    return 'FULL queue ' .. q.name .. ' would hold more than ' .. whole(config.maxBytes)
      .. ' bytes of payload, its maxBytes; try again later'
  end
end

-- Why a queue takes no such job now, or nil.
local function fullness(q, config, job, tally)
  if config.isDraining then return 'FULL queue ' .. q.name .. ' drains and takes no new jobs; resume it, or try another queue' end
  if config.maxLength > 0 and RANK[levelOf(job)] >= RANK[config.refuse]
    and redis.call('HLEN', q.jobs) - redis.call('ZCARD', q.dead) >= config.maxLength then
    return 'FULL queue ' .. q.name .. ' holds ' .. whole(config.maxLength) .. ' jobs, its maxLength; try again later'
  end
  return weight(q, config, job, #job.payload, tally)
end

-- Gives the job that waits the newest payload, and if it is delayed and has not run yet, the newest delay, but none beyond the
-- first job's `max-wait`. Answers two words, or nil if that job waits no more.
local function replace(q, config, job, id, now, tally)
  local value = redis.call('HGET', q.jobs, id)
  local h, inline = nil, nil
  if value then h, inline = read(value) end
  local state = h and stateOf(q, id, h)
  -- Another queue has been told the payload of a job that moves.
  if not h or state == 'running' or state == 'dead' or isMoving(h) then return nil end
  if h.type ~= job.type then
    return 'error', 'INVALID unique key is held by job ' .. id .. ' of type ' .. h.type .. '; replace needs the same type'
  end
  local more = #job.payload - #(payloadOf(q, id, inline) or '')
  local full = weight(q, config, job, more, tally)
  if full then return 'error', full end
  count(tally, 'bytes', more)
  if not inline then redis.call('HDEL', q.bodies, id) end
  inline = #job.payload <= INLINE and job.payload or nil
  if not inline then redis.call('HSET', q.bodies, id, job.payload) end
  h.headers, h.source, h.traceparent = job.headers, job.source, job.traceparent
  if job.delay and state == 'delayed' and not h.attempt and not h.snoozes then
    h.latest = h.latest or job['max-wait'] and h.enqueuedAt + job['max-wait']
    local due = math.max(now, math.min(now + job.delay, h.latest or NUMBERS - 1))
    if h.deadline then h.deadline = h.deadline + due - (h.runAt or due) end
    h.runAt = due
    redis.call('ZADD', q.delayed, whole(due), id)
  end
  write(q, id, h, inline)
  count(tally, 'replaced')
  return 'replaced', id
end

-- What a held id or unique key makes of a new job: two words, or nil if it is to be accepted.
local function conflictOf(q, config, job, now, tally)
  local first = job.id and redis.call('HEXISTS', q.jobs, job.id) == 1 and job.id
  local holder, isLive = nil, nil
  if not first and job.unique then holder, isLive = holderOf(q, job.unique, now) end
  -- A job that is done holds its key until its window ends; the id may have another life by now, which is not meant.
  if holder and isLive and job.conflict == 'replace' then
    local word, answer = replace(q, config, job, holder, now, tally)
    if word then return word, answer end
  end
  local value = holder and isLive and job.conflict == 'cancel' and redis.call('HGET', q.jobs, holder)
  local h, inline = nil, nil
  if value then h, inline = read(value) end
  if h then
    local full = fullness(q, config, job, tally)
    if full then return 'error', full end
    cancel(q, configOf(q), holder, h, inline, now, tally, 'a newer job has taken its unique key')
    return nil
  end
  if first or holder then
    count(tally, 'duplicate')
    return 'duplicate', first or holder
  end
end

-- Accepts a parsed job; answers two words: `queued`, `duplicate` or `replaced` and an id, or `error` and a text.
local function accept(q, config, job, now, tally)
  local word, answer = conflictOf(q, config, job, now, tally)
  if word then return word, answer end
  local full = fullness(q, config, job, tally)
  if full then return 'error', full end
  local n = nextNumber(q)
  local id = job.id or newId(q, now, n)
  local latest = job['max-wait'] and now + job['max-wait']
  local due = math.min(job.at or now + (job.delay or 0), latest or NUMBERS - 1)
  local inline = #job.payload <= INLINE and job.payload
  local h = {
    type = job.type, enqueuedAt = now, key = job.key, source = job.source, headers = job.headers,
    traceparent = job.traceparent, priority = job.priority ~= 'normal' and job.priority or nil,
  }
  -- What few jobs have is added: a table that has room for all costs more than the rest of this function.
  if job.attempts then h.maxAttempts = job.attempts end
  if job.timeout then h.timeout = job.timeout end
  if job.origin then h.origin = job.origin end
  if job.unique then
    h.unique, h.scope, h.singleton = job.unique, job.scope ~= 'window' and job.scope or nil, job.singleton and 1
    h.ttl = job.ttl ~= UNIQUE_TTL and job.ttl or nil
    h.latest = latest
    hold(q, job.unique, id, now + (job.ttl or UNIQUE_TTL))
  end
  if job.deadline then h.deadline, h.late = math.max(due, now) + job.deadline, job.late == 'drop' and 'drop' or nil end
  if not inline then redis.call('HSET', q.bodies, id, job.payload) end
  if due > now then
    h.runAt = due
    redis.call('ZADD', q.delayed, whole(due), id)
  else
    ready(q, config, id, h, now, tally, n)
  end
  write(q, id, h, inline or nil)
  count(tally, 'accepted')
  count(tally, 'bytes', #job.payload)
  return 'queued', id
end

-- penstock_enqueue: accepts one job.
-- KEYS queue; ARGV type payload [id|priority|key|delay|at|attempts|timeout|deadline|late|unique|ttl|scope|conflict|max-wait|
-- singleton|headers|source|traceparent|origin VALUE]…
-- Replies `queued ID`, or with the first job's id `duplicate ID` or `replaced ID`. Errors: INVALID, FULL.
register('enqueue', {}, function(q, args)
  local job, wrong = parse(args, 1, #args)
  if not job then return fail('INVALID', wrong) end
  local tally = {}
  local word, value = accept(q, rulesOf(q), job, clock(), tally)
  writeTally(q, tally)
  if word == 'error' then return redis.error_reply(value) end
  if word ~= 'duplicate' then ring(q) end
  return { word, value }
end)

-- penstock_enqueue_many: accepts up to 100 jobs, each for itself.
-- KEYS queue; ARGV for each job: the number of its arguments, then those of penstock_enqueue.
-- Replies two words a job: `queued ID`, `duplicate ID`, `replaced ID` or `error TEXT`. Error: INVALID if the counts do not fit.
register('enqueue_many', {}, function(q, args)
  local spans, at = {}, 1
  while at <= #args do
    local length = integer(args[at], 2, 1000)
    if not length or at + length > #args or #spans == CALL_JOBS then
      return fail('INVALID', 'each job is the number of its arguments and these, up to ' .. CALL_JOBS .. ' jobs a call')
    end
    spans[#spans + 1] = at
    at = at + length + 1
  end
  local config, now, tally, reply = rulesOf(q), clock(), {}, {}
  for _, start in ipairs(spans) do
    local job, wrong = parse(args, start + 1, start + integer(args[start], 2, 1000))
    local word, value = 'error', 'INVALID ' .. (wrong or '')
    if job then word, value = accept(q, config, job, now, tally) end
    reply[#reply + 1] = word
    reply[#reply + 1] = value
  end
  writeTally(q, tally)
  ring(q)
  return reply
end)
