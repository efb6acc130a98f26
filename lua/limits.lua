-- What everyone obeys: settings, and the limits among them.
--
-- A limit has a name, which is also the setting's: `concurrency` or `rate`, of the queue, or with `:type:TYPE`, `:key:KEY`.
-- A slot is taken when a claim hands a run out and given back where XACK of that run answers 1: `holds` has the limits of each
-- run, `slots` their sums. Rates are GCRA (the generic cell rate algorithm of ATM, ITU-T I.371): one number a limit.

-- Limits of the whole queue: they bound what a claim hands out, and stop no job by itself.
local OF_QUEUE = { concurrency = true, rate = true }

-- `COUNT/PERIOD[/BURST]`: us between two starts, and how far ahead of that a burst may be. Nil if it is no such text.
local function rateOf(text)
  local number, period, burst = text:match('^(%d+)/(%d+)/?(%d*)$')
  number, period, burst = integer(number, 1, 1e9), integer(period, 1, 1e11), burst == '' and 1 or integer(burst, 1, 1e6)
  if not number or not period or not burst then return nil end
  local interval = math.ceil(period * 1000 / number)
  return { interval = interval, ahead = (burst - 1) * interval }
end

-- The compiled limits of a queue, `name=value` a line, by the hash of the text. What was read is kept: with 10,000 limits the text
-- alone would cost each call 0.4 ms.
local compiled, compiledCount = {}, 0

local function limitsOfHash(q, hash)
  local known = compiled[hash]
  if known then return known end
  local text = redis.call('HGET', q.config, 'limits') or ''
  local limits = { queue = {}, key = {}, types = {}, keys = {}, retries = {} }
  for line in text:gmatch('[^\n]+') do
    local name, value = line:match('^(.*)=([^=]*)$')
    local kind, scope, of = (name or ''):match('^(%a+):?(%a*):?(.*)$')
    local known = kind == 'rate' and rateOf(value) or kind == 'concurrency' and tonumber(value) or kind == 'paused'
    if kind == 'retries' then
      limits.retries[of] = rateOf(value)
    elseif scope == '' then
      limits.queue[kind] = known
    elseif scope == 'type' then
      limits.types[of] = limits.types[of] or {}
      limits.types[of][kind] = known
    elseif of == '' then
      limits.key[kind] = known
    else
      limits.keys[of] = limits.keys[of] or {}
      limits.keys[of][kind] = known
    end
  end
  if compiledCount >= 100 then compiled, compiledCount = {}, 0 end
  compiled[hash], compiledCount = limits, compiledCount + 1
  return limits
end

-- What everyone obeys, with the defaults filled in.
local function configOf(q)
  local v = redis.call('HMGET', q.config, 'paused', 'lease', 'weights', 'maxLength', 'maxEvents', 'record', 'policy', 'fair',
    'maxBytes', 'refuse', 'draining', 'limitsHash')
  return {
    paused = v[1] == 'yes',
    lease = tonumber(v[2] or '') or DEFAULTS.lease,
    weights = v[3] or DEFAULTS.weights,
    maxLength = tonumber(v[4] or '') or DEFAULTS.maxLength,
    maxEvents = tonumber(v[5] or '') or DEFAULTS.maxEvents,
    record = v[6] == 'yes',
    isStrict = v[7] == 'strict',
    isFair = v[8] == 'yes',
    maxBytes = tonumber(v[9] or '') or DEFAULTS.maxBytes,
    refuse = RANK[v[10]] and v[10] or DEFAULTS.refuse,
    isDraining = v[11] == 'yes',
    limits = v[12] and v[12] ~= '' and limitsOfHash(q, v[12]) or nil,
  }
end

-- The value of a limit by its name; nil if there is none. `singleton:…` and `paused:…` are limits too.
local function limitNamed(config, name)
  local kind, scope, of = name:match('^(%a+):?(%a*):?(.*)$')
  if kind == 'singleton' then return 1 end
  local limits = config.limits
  if not limits then return nil end
  if scope == '' then return limits.queue[kind] end
  if scope == 'type' then return (limits.types[of] or {})[kind] end
  return (limits.keys[of] or {})[kind] or limits.key[kind]
end

-- Where a rate stands, in us: not before now, and not further ahead than its last start could put it. What is further was left by a
-- slower rate of this name, or by a clock that has gone back; who waits for the rate corrects it.
local function arrivalOf(q, name, limit, now)
  local at = tonumber(redis.call('ZSCORE', q.rates, name) or 0)
  return math.max(now * 1000, math.min(at, now * 1000 + limit.ahead + limit.interval))
end

-- Somebody begins to wait for a rate, which has room in `wait` ms.
local function await(q, name, limit, now, wait)
  redis.call('ZADD', q.rates, 'XX', 'LT', whole((now + wait) * 1000 + limit.ahead), name)
end

-- How many more may start now under a limit, and for a rate the ms until one more may. A number is a concurrency, a table a
-- rate; `true` is a pause.
local function roomOf(q, name, limit, now)
  if not limit then return NUMBERS end
  if limit == true then return 0 end
  if type(limit) == 'number' then
    return math.max(0, limit - tonumber(redis.call('HGET', q.slots, name) or 0))
  end
  local at = arrivalOf(q, name, limit, now)
  local room = math.floor((now * 1000 + limit.ahead - at) / limit.interval) + 1
  if room > 0 then return room end
  return 0, math.max(1, math.ceil((at - limit.ahead) / 1000) - now)
end

local function add(list, scope, of, limit)
  if limit then list[#list + 1], list[#list + 2] = scope .. of, limit end
end

-- The limits of one job, the narrowest first, as names and values; nil if there are none. Those of the queue come last and
-- are not asked job by job: a claim hands out no more than they allow.
local function limitsOf(config, h)
  local limits = config.limits
  if not limits and not h.singleton then return nil end
  local list = {}
  if h.singleton and h.unique then add(list, 'singleton:', redis.sha1hex(h.unique), 1) end
  if limits and h.key then
    local own = limits.keys[h.key] or limits.key
    add(list, 'concurrency:key:', h.key, own.concurrency or limits.key.concurrency)
    add(list, 'rate:key:', h.key, own.rate or limits.key.rate)
  end
  local own = limits and limits.types[h.type]
  if own then
    add(list, 'paused:type:', h.type, own.paused)
    add(list, 'concurrency:type:', h.type, own.concurrency)
    add(list, 'rate:type:', h.type, own.rate)
  end
  if limits then
    add(list, 'concurrency', '', limits.queue.concurrency)
    add(list, 'rate', '', limits.queue.rate)
  end
  return list[1] and list or nil
end

-- The lane of jobs with these limits; nil if none can stop them.
local function nameOf(list)
  local names = {}
  for i = 1, #list, 2 do
    if not OF_QUEUE[list[i]] then names[#names + 1] = list[i] end
  end
  return names[1] and table.concat(names, '\2')
end

-- The first of a job's limits that has no room, and its ms; nil if all have.
local function blockedBy(q, list, now)
  for i = 1, #list, 2 do
    if OF_QUEUE[list[i]] then return nil end
    local room, wait = roomOf(q, list[i], list[i + 1], now)
    if room == 0 then return list[i], wait end
  end
end

-- A run starts: it takes a slot of each concurrency, and counts under each rate.
local function takeSlots(q, list, stream, entry, now)
  local names = {}
  for i = 1, #list, 2 do
    local name, limit = list[i], list[i + 1]
    if type(limit) == 'number' then
      redis.call('HINCRBY', q.slots, name, 1)
      names[#names + 1] = name
    else
      redis.call('ZADD', q.rates, whole(arrivalOf(q, name, limit, now) + limit.interval), name)
    end
  end
  if #names > 0 then redis.call('HSET', q.holds, stream .. ' ' .. entry, table.concat(names, '\n')) end
end

-- How many runs the limits of the whole queue allow now, `want` at most, and if that is none for a rate, the ms until one.
local function allowance(q, config, want, now)
  local own = config.limits and config.limits.queue
  if not own then return want end
  local room = roomOf(q, 'concurrency', own.concurrency, now)
  local starts, wait = roomOf(q, 'rate', own.rate, now)
  if wait then await(q, 'rate', own.rate, now, wait) end
  return math.min(want, room, starts), room > 0 and wait or nil
end
