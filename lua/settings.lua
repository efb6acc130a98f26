-- What everyone who serves or feeds a queue obeys, and the switches of its operator.

local SETTINGS = {
  lease = { function(v) return integer(v, 1000, 86400000) end, 'milliseconds, from 1000 to 86400000' },
  weights = { function(v) return v:find('^[1-9]%d?%d?:[1-9]%d?%d?:[1-9]%d?%d?$') end, 'HIGH:NORMAL:LOW, each 1 to 999' },
  policy = { function(v) return v == 'weighted' or v == 'strict' end, 'weighted or strict' },
  fair = { function(v) return v == 'yes' or v == 'no' end, 'yes or no' },
  maxLength = { function(v) return integer(v, 0, 99999999999) end, 'a number of jobs; 0 is no limit' },
  maxBytes = { function(v) return integer(v, 0, 99999999999) end, 'a number of bytes; 0 is no limit' },
  refuse = { function(v) return RANK[v] end, 'critical, high, normal or low' },
  maxEvents = { function(v) return integer(v, 1, 99999999999) end, 'a number of events' },
  retention = { function(v) return integer(v, 0, 9999999999999) end, 'milliseconds; 0 is for ever' },
  record = { function(v) return v == 'yes' or v == 'no' end, 'yes or no' },
}
local CONCURRENCY = { function(v) return integer(v, 0, 1000000) end, 'a number of runs, up to 1000000; 0 is no limit' }
local RATE = {
  function(v) return v == '0' or rateOf(v) end,
  'COUNT/PERIOD or COUNT/PERIOD/BURST, the period in milliseconds, such as 100/1000; 0 is no limit',
}

-- How the value of a setting is checked; nil if there is no such setting.
local function settingNamed(name)
  local kind, scope, colon, of = name:match('^(%a+):(%a+)(:?)(.*)$')
  if not kind then
    kind = name
  elseif scope ~= 'type' and scope ~= 'key' or #name > 300 or (colon == '') ~= (of == '') or of ~= '' and not printable(of, 256)
    or of == '' and scope == 'type' then
    return nil
  end
  if kind == 'retries' then return scope ~= 'key' and RATE or nil end
  return kind == 'concurrency' and CONCURRENCY or kind == 'rate' and RATE or not scope and SETTINGS[name] or nil
end

-- Compiles the limits that the settings make: what every call reads. Answers the text, and the most limits that one job may have.
local function compile(settings)
  local lines, most = {}, { queue = 0, type = 0, key = 0 }
  local of = {}
  for name, value in pairs(settings) do
    local kind, scope, what = name:match('^(%a+):?(%a*):?(.*)$')
    if kind == 'paused' and scope == 'type' or kind == 'retries' then
      lines[#lines + 1] = name .. '=' .. value
    elseif kind == 'concurrency' or kind == 'rate' then
      lines[#lines + 1] = name .. '=' .. value
      scope = scope == '' and 'queue' or scope
      of[scope] = of[scope] or {}
      of[scope][what] = of[scope][what] or {}
      of[scope][what][kind] = 1
    end
  end
  for scope, whats in pairs(of) do
    -- A key without a limit of its own has that of every key.
    local default = scope == 'key' and whats[''] or {}
    for _, kinds in pairs(whats) do
      most[scope] = math.max(most[scope], (kinds.concurrency or default.concurrency or 0) + (kinds.rate or default.rate or 0))
    end
  end
  table.sort(lines)
  return table.concat(lines, '\n'), most.queue + most.type + most.key
end

-- What holds where nobody has set anything: of limits, none.
local function defaultOf(name) return (DEFAULTS[name] or (SETTINGS[name] and 'no' or '0')) .. '' end

local function settingsOf(q)
  local settings, all = {}, redis.call('HGETALL', q.config)
  for i = 1, #all, 2 do settings[all[i]] = all[i + 1] end
  return settings
end

-- Runs that started before a limit was set count under it too: up to 1,000 of a stream.
local function countRuns(q, config)
  for _, stream in ipairs(STREAMS) do
    local pending = redis.pcall('XPENDING', q[stream], GROUP, '-', '+', 1000)
    for _, run in ipairs(pending.err and {} or pending) do
      local found = redis.call('XRANGE', q[stream], run[1], run[1])[1]
      local value = found and redis.call('HGET', q.jobs, idOf(found[2]) or stream .. '-' .. run[1])
      local h = value and read(value)
      local list = h and h.entry == run[1] and streamOf(h) == stream and limitsOf(config, h) or {}
      local field = stream .. ' ' .. run[1]
      local held = redis.call('HGET', q.holds, field)
      local names = held and { held } or {}
      for i = 1, #list, 2 do
        local isKnown = ('\n' .. (held or '') .. '\n'):find('\n' .. list[i] .. '\n', 1, true)
        if type(list[i + 1]) == 'number' and not isKnown then
          redis.call('HINCRBY', q.slots, list[i], 1)
          names[#names + 1] = list[i]
        end
      end
      if #names > 0 then redis.call('HSET', q.holds, field, table.concat(names, '\n')) end
    end
  end
end

-- Writes the limits anew after a setting has changed, and opens the lanes that have room now: of very many some, and sweeps without
-- a pause between them the rest. Gates stay: one of a rate that is faster now is too late, and so its lane is opened.
local function applyLimits(q, settings)
  local text = compile(settings)
  if text ~= (settings.limits or '') then
    redis.call('HSET', q.config, 'limits', text, 'limitsHash', text ~= '' and redis.sha1hex(text) or '')
    redis.call('HDEL', q.stats, 'openedTo')
    redis.call('HSET', q.stats, 'reopening', 1)
    local config = configOf(q)
    if config.limits then countRuns(q, config) end
    openAll(q, config, clock(), 10 * CALL_JOBS)
  end
end

-- penstock_configure: settings that every worker and producer obeys. KEYS queue; ARGV [NAME VALUE]…: lease weights policy fair
-- maxLength maxBytes refuse maxEvents retention record; concurrency, concurrency:type:TYPE, concurrency:key, concurrency:key:KEY,
-- and so for rate; retries, retries:type:TYPE. An empty value goes back to the default. `record yes` keeps all events until a sink
-- has recorded them. Replies name, old value, new value of each change.
-- Error: INVALID, and then nothing is changed, also if a job could have more than two limits.
register('configure', {}, function(q, args)
  local settings, changes = settingsOf(q), {}
  for i = 1, #args, 2 do
    local name, value = args[i], args[i + 1]
    local setting = settingNamed(name)
    if not setting then return fail('INVALID', 'unknown setting ' .. shown(name)) end
    if not value then return fail('INVALID', 'setting ' .. name:sub(1, 300) .. ' has no value') end
    if value ~= '' and not setting[1](value) then
      return fail('INVALID', name:sub(1, 300) .. ' is ' .. setting[2] .. ', not ' .. shown(value))
    end
    local old = settings[name]
    if value == '' or value == '0' and (setting == CONCURRENCY or setting == RATE) then value = nil end
    settings[name] = value
    local default = defaultOf(name)
    if (old or default) ~= (value or default) then
      for _, word in ipairs({ name, old or default, value or default }) do changes[#changes + 1] = word end
    end
  end
  local _, most = compile(settings)
  if most > 2 then
    return fail('INVALID', 'a job could have ' .. most .. ' limits of its queue, type and key together; two are the most, take one away')
  end
  for i = 1, #args, 2 do
    local name = args[i]
    if settings[name] then redis.call('HSET', q.config, name, settings[name]) else redis.call('HDEL', q.config, name) end
    if name == 'record' and args[i + 1] == 'yes' then redis.pcall('XGROUP', 'CREATE', q.events, SINK, '0', 'MKSTREAM') end
  end
  applyLimits(q, settings)
  ring(q)
  return changes
end)

-- penstock_settings: what is in force. KEYS queue; no ARGV. Replies name, value, default of every setting, and of each limit and
-- pause that is set, by name.
register('settings', { 'no-writes', 'allow-oom' }, function(q)
  local settings, names, reply = settingsOf(q), {}, {}
  settings.limits, settings.limitsHash = nil, nil
  for name in pairs(SETTINGS) do settings[name] = settings[name] or defaultOf(name) end
  for name in pairs(settings) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local isSwitch = name == 'draining' or name:find('^paused')
    for _, word in ipairs({ name, settings[name], isSwitch and 'no' or defaultOf(name) }) do reply[#reply + 1] = word end
  end
  return reply
end)

-- Reads `type TYPE`, if it is there: the setting that pauses the type; nil and an error reply if it is wrong.
local function pauseOf(args)
  if #args == 0 then return 'paused' end
  if #args ~= 2 or args[1] ~= 'type' or not printable(args[2], 128) then
    return nil, fail('INVALID', 'nothing, or type and 1 to 128 printable characters, is needed')
  end
  return 'paused:type:' .. args[2]
end

-- penstock_pause: no claims of the queue, or of one type, until resumed; everything else goes on. KEYS queue; ARGV [type TYPE].
register('pause', { 'allow-oom' }, function(q, args)
  local name, wrong = pauseOf(args)
  if not name then return wrong end
  redis.call('HSET', q.config, name, 'yes')
  if args[2] then applyLimits(q, settingsOf(q)) end
  return { 'paused', args[2] or q.name }
end)

-- penstock_resume: ends a pause, and without a type also a drain. KEYS queue; ARGV [type TYPE].
register('resume', { 'allow-oom' }, function(q, args)
  local name, wrong = pauseOf(args)
  if not name then return wrong end
  redis.call('HDEL', q.config, name)
  if args[2] then
    applyLimits(q, settingsOf(q))
  else
    redis.call('HDEL', q.config, 'draining')
  end
  ring(q)
  return { 'resumed', args[2] or q.name }
end)

-- penstock_drain: no new jobs until resumed; what is there goes on to its end. KEYS queue; no ARGV.
register('drain', { 'allow-oom' }, function(q)
  redis.call('HSET', q.config, 'draining', 'yes')
  return { 'draining', q.name }
end)

-- penstock_unrouted: counts an event that no route wanted. KEYS queue; no ARGV. Replies the total.
register('unrouted', { 'allow-oom' }, function(q) return redis.call('HINCRBY', q.stats, 'unrouted', 1) end)
