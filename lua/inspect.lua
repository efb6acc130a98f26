-- Looking without touching.

-- penstock_job: one live or dead job. KEYS queue; ARGV id.
-- Replies names and values: state header payload now, with `due` (delayed), `died` (dead), `worker`, `idle` and `started` (running), `history`
-- if it has failed: a line of JSON (at attempt error worker) each time, the last ten.
-- Error: UNKNOWN. What cannot be read has the state `unreadable` and its bytes as `raw`.
register('job', { 'no-writes', 'allow-oom' }, function(q, args)
  if #args ~= 1 then return fail('INVALID', 'one job id is needed') end
  local id = args[1]
  local value = redis.call('HGET', q.jobs, id)
  if not value then
    return fail('UNKNOWN', 'queue ' .. q.name .. ' has no live or dead job ' .. id:sub(1, 128) .. '; ended jobs are in Postgres')
  end
  local h, inline, line = read(value)
  if not h then return { 'state', 'unreadable', 'raw', value } end
  local state, detail = stateOf(q, id, h)
  local reply = {
    'state', state, 'header', line, 'payload', payloadOf(q, id, inline) or '',
    'now', whole(clock()),
  }
  local function add(name, word) reply[#reply + 1] = name; reply[#reply + 1] = word end
  if state == 'delayed' then add('due', detail) end
  if state == 'dead' then add('died', detail) end
  if state == 'running' then
    add('worker', detail[2])
    add('idle', whole(detail[3]))
    add('started', whole(startOf(detail, clock())))
  end
  local history = redis.call('HGET', q.history, id)
  if history then add('history', history) end
  return reply
end)

-- When the oldest valid entry that waits in a stream entered it; nil if none is found near the head.
local function oldest(q, stream)
  for _, entry in ipairs(redis.call('XRANGE', q[stream], '(' .. lastDelivered(q, stream), '+', 'COUNT', 50)) do
    local id = idOf(entry[2])
    local value = id and redis.call('HGET', q.jobs, id)
    local h = value and read(value)
    if not id or h and h.entry == entry[1] and streamOf(h) == stream then return entry[1]:match('^(%d+)') end
  end
end

local TOTALS = {
  'accepted', 'duplicate', 'replaced', 'completed', 'skipped', 'failed', 'retried', 'snoozed', 'dead', 'requeued', 'resolved',
  'expired', 'lost', 'recovered', 'cancelled', 'unrouted',
}

-- Jobs in a lane of `parked`, those of one level if `rank` is given.
local function sizeOfLane(q, reason, rank)
  if rank then return redis.call('ZLEXCOUNT', q.parked, laneOf(reason, rank)) end
  return redis.call('ZLEXCOUNT', q.parked, '[' .. reason .. '\0', '(' .. reason .. '\1')
end

-- penstock_backlog: the counts of a queue. KEYS queue; no ARGV. Replies names and values: now paused draining record policy fair
-- maxLength maxBytes refuse maxEvents events bytes limits delayed parked dead; waiting:STREAM running:STREAM oldest:STREAM;
-- total:NAME; parked:TYPE, the jobs whose type nobody runs, and stopped:LIMIT[ and LIMIT], those that limits stop
-- (twenty together);
-- slots:LIMIT (twenty).
register('backlog', { 'no-writes', 'allow-oom' }, function(q)
  local config = configOf(q)
  local fair = sizeOfLane(q, 'fair')
  local limits = redis.call('HGET', q.config, 'limits') or ''
  local reply = {
    'now', whole(clock()), 'paused', config.paused and 'yes' or 'no', 'draining', config.isDraining and 'yes' or 'no',
    'record', config.record and 'yes' or 'no', 'policy', config.isStrict and 'strict' or 'weighted',
    'fair', config.isFair and 'yes' or 'no', 'maxLength', whole(config.maxLength), 'maxBytes', whole(config.maxBytes),
    'refuse', config.refuse, 'limits', limits, 'bytes', redis.call('HGET', q.stats, 'bytes') or '0',
    'maxEvents', whole(config.maxEvents), 'events', whole(redis.call('XLEN', q.events)),
    'delayed', whole(redis.call('ZCARD', q.delayed)), 'parked', whole(redis.call('ZCARD', q.parked) - fair),
    'dead', whole(redis.call('ZCARD', q.dead)),
  }
  local function add(name, word) reply[#reply + 1] = name; reply[#reply + 1] = word end
  for _, stream in ipairs(STREAMS) do
    local pending = redis.pcall('XPENDING', q[stream], GROUP)
    local inLane = fair > 0 and RANK[stream] and sizeOfLane(q, 'fair', RANK[stream]) or 0
    add('waiting:' .. stream, whole((redis.call('HGET', q.stats, 'waiting:' .. stream) or 0) + inLane))
    add('running:' .. stream, whole(pending.err and 0 or pending[1]))
    local since = oldest(q, stream)
    if since then add('oldest:' .. stream, since) end
  end
  for _, name in ipairs(TOTALS) do add('total:' .. name, redis.call('HGET', q.stats, name) or '0') end
  local from = '-'
  for _ = 1, 20 do
    local member = redis.call('ZRANGEBYLEX', q.parked, from, '+', 'LIMIT', 0, 1)[1]
    if not member then break end
    local reason = member:match('^([^%z]*)%z') or member
    local kind = reason:match('^type:(.*)$')
    if kind then
      add('parked:' .. kind, whole(sizeOfLane(q, reason)))
    elseif reason ~= 'fair' then
      add('stopped:' .. reason:gsub('\2', ' and '), whole(sizeOfLane(q, reason)))
    end
    from = '[' .. reason .. '\1'
  end
  -- A small hash is told whole, a large one by a page.
  local slots = redis.call('HSCAN', q.slots, 0, 'COUNT', 20)[2]
  for i = 1, math.min(#slots, 40), 2 do add('slots:' .. slots[i], slots[i + 1]) end
  return reply
end)
