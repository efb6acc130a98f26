-- The operator's verbs.

-- Where a job is: its state, and with `running` the pending entry (id, consumer, idle ms, deliveries).
local function stateOf(q, id, h)
  local dead = redis.call('ZSCORE', q.dead, id)
  if dead then return 'dead', dead end
  local due = redis.call('ZSCORE', q.delayed, id)
  if due then return 'delayed', due end
  if redis.call('ZSCORE', q.parked, parkedType(id, h)) then return 'parked' end
  local pending = h.entry and redis.pcall('XPENDING', q[streamOf(h)], GROUP, h.entry, h.entry, 1)
  if pending and not pending.err and pending[1] then return 'running', pending[1] end
  return 'waiting'
end

-- The job behind an id for a verb; nil and an error reply if there is none.
local function find(q, args)
  if #args ~= 1 then return nil, fail('INVALID', 'one job id is needed') end
  local value = redis.call('HGET', q.jobs, args[1])
  if not value then
    return nil, fail('UNKNOWN', 'queue ' .. q.name .. ' has no live or dead job ' .. args[1]:sub(1, 128) .. '; ended jobs are in Postgres')
  end
  local h, inline = read(value)
  if h then return h, inline end
  if redis.call('ZREM', q.dead, args[1]) == 0 then
    return nil, fail('INVALID', 'job ' .. args[1] .. ' cannot be read; its next claim buries it')
  end
  -- No claim ever meets a dead letter, so it goes now; it was counted when it died.
  buryUnreadable(q, configOf(q), args[1], value, false, {})
  return nil, fail('INVALID', 'job ' .. args[1] .. ' could not be read and was removed; its bytes are in the event')
end

-- penstock_cancel: ends a job. KEYS queue; ARGV id. A job that does not run is cancelled at once: `cancelled ID`; of a running one
-- the worker hears at its next renewal: `cancelling ID`. Errors: UNKNOWN; INVALID for a dead letter.
register('cancel', { 'allow-oom' }, function(q, args)
  local h, inline = find(q, args)
  if not h then return inline end
  local id, now, tally = args[1], clock(), {}
  local state = stateOf(q, id, h)
  if state == 'dead' then return fail('INVALID', 'job ' .. id .. ' is dead already') end
  if state == 'running' then
    h.cancel = 1
    write(q, id, h, inline)
    return { 'cancelling', id }
  end
  if state == 'waiting' then count(tally, WAITING[streamOf(h)], -1) end
  redis.call('ZREM', q.delayed, id)
  redis.call('ZREM', q.parked, parkedType(id, h))
  cancelNow(q, configOf(q), id, h, inline, now, nil, tally)
  writeTally(q, tally)
  return { 'cancelled', id }
end)

-- penstock_requeue: gives a dead letter a new life, with all its attempts. KEYS queue; ARGV id.
-- Replies `queued ID`, or `duplicate ID` when another job has taken its unique key. Errors: UNKNOWN; INVALID unless it is dead.
register('requeue', {}, function(q, args)
  local h, inline = find(q, args)
  if not h then return inline end
  local id, now, tally = args[1], clock(), {}
  if not redis.call('ZSCORE', q.dead, id) then return fail('INVALID', 'job ' .. id .. ' is not dead') end
  local holder = h.unique and holderOf(q, h.unique, now)
  if holder then return { 'duplicate', holder } end
  if h.unique then hold(q, h.unique, id, now + (h.ttl or UNIQUE_TTL)) end
  redis.call('ZREM', q.dead, id)
  h.attempt, h.crashes = nil, nil
  enter(q, id, h, levelOf(h), now, tally)
  write(q, id, h, inline)
  writeTally(q, tally)
  ring(q)
  return { 'queued', id }
end)

-- penstock_pause, penstock_resume: no claims until resumed; everything else goes on. KEYS queue; no ARGV.
register('pause', { 'allow-oom' }, function(q)
  redis.call('HSET', q.config, 'paused', 'yes')
  return { 'paused', q.name }
end)

register('resume', { 'allow-oom' }, function(q)
  redis.call('HDEL', q.config, 'paused')
  ring(q)
  return { 'resumed', q.name }
end)

local SETTINGS = {
  lease = { function(v) return integer(v, 1000, 86400000) end, 'milliseconds, from 1000 to 86400000' },
  weights = { function(v) return v:find('^[1-9]%d?%d?:[1-9]%d?%d?:[1-9]%d?%d?$') and v end, 'HIGH:NORMAL:LOW, each 1 to 999' },
  maxLength = { function(v) return integer(v, 0, 99999999999) end, 'a number of jobs; 0 is no limit' },
  maxEvents = { function(v) return integer(v, 1, 99999999999) end, 'a number of events' },
  record = { function(v) return (v == 'yes' or v == 'no') and v end, 'yes or no' },
}

-- penstock_configure: settings that every worker and producer obeys. KEYS queue; ARGV [lease|weights|maxLength|maxEvents|record
-- VALUE]…. `record yes` keeps all events until a sink has recorded them. Replies name, old value, new value of each change.
-- Error: INVALID, and then nothing is changed.
register('configure', {}, function(q, args)
  for i = 1, #args, 2 do
    local setting = SETTINGS[args[i]]
    if not setting then return fail('INVALID', 'unknown setting ' .. args[i]:sub(1, 40)) end
    if not args[i + 1] or not setting[1](args[i + 1]) then return fail('INVALID', args[i] .. ' is ' .. setting[2]) end
  end
  local changes = {}
  for i = 1, #args, 2 do
    local name, new = args[i], args[i + 1]
    local old = redis.call('HGET', q.config, name) or tostring(DEFAULTS[name] or 'no')
    redis.call('HSET', q.config, name, new)
    if name == 'record' and new == 'yes' then redis.pcall('XGROUP', 'CREATE', q.events, SINK, '0', 'MKSTREAM') end
    if old ~= new then
      for _, word in ipairs({ name, old, new }) do changes[#changes + 1] = word end
    end
  end
  ring(q)
  return changes
end)

-- penstock_unrouted: counts an event that no route wanted. KEYS queue; no ARGV. Replies the total.
register('unrouted', { 'allow-oom' }, function(q) return redis.call('HINCRBY', q.stats, 'unrouted', 1) end)
