-- The sink's side: events wait in a stream until Postgres has them.

local function sizeOf(fields)
  local size = 0
  for _, word in ipairs(fields) do size = size + #word end
  return size
end

-- penstock_events: the next events for a sink: first those that another consumer has read and not recorded for 30 s, then new
-- ones. At most 1,000 and 8 MiB. KEYS queue; ARGV consumer.
-- Replies for each event its id, the number of words that follow, and these: name value….
register('events', { 'allow-oom' }, function(q, args)
  local consumer = args[1]
  if not consumer or consumer == '' then return fail('INVALID', 'a consumer is needed') end
  local reply, events, bytes = {}, 0, 0
  local function add(entry)
    if not entry or not entry[2] then return end
    reply[#reply + 1] = entry[1]
    reply[#reply + 1] = whole(#entry[2])
    for _, word in ipairs(entry[2]) do reply[#reply + 1] = word end
    events, bytes = events + 1, bytes + sizeOf(entry[2])
  end
  local abandoned = redis.pcall('XPENDING', q.events, SINK, 'IDLE', EVENT_IDLE, '-', '+', CALL_EVENTS)
  if abandoned.err then
    if not abandoned.err:find('NOGROUP', 1, true) then return abandoned end
    redis.call('XGROUP', 'CREATE', q.events, SINK, '0', 'MKSTREAM')
    abandoned = {}
  end
  for _, pending in ipairs(abandoned) do
    if bytes >= EVENT_BYTES then break end
    add(redis.call('XCLAIM', q.events, SINK, consumer, EVENT_IDLE, pending[1])[1])
  end
  -- A few at a time: the size of an entry is known only when it is read, and one may have 25 MiB.
  while events < CALL_EVENTS and bytes < EVENT_BYTES do
    local ask = math.min(4, CALL_EVENTS - events)
    local new = redis.call('XREADGROUP', 'GROUP', SINK, consumer, 'COUNT', ask, 'STREAMS', q.events, '>')
    local entries = new and new[1][2] or {}
    for _, entry in ipairs(entries) do add(entry) end
    if #entries < ask then break end
  end
  return reply
end)

-- penstock_recorded: these events are committed; they are acknowledged and deleted.
-- KEYS queue; ARGV id… (up to 1,000). Replies the number that was still pending.
register('recorded', { 'allow-oom' }, function(q, args)
  if #args < 1 or #args > CALL_EVENTS then return fail('INVALID', '1 to ' .. CALL_EVENTS .. ' event ids are needed') end
  for _, id in ipairs(args) do
    if not id:find('^%d+%-%d+$') then return fail('INVALID', 'event id ' .. id:sub(1, 60) .. ' is not MS-SEQ') end
  end
  local config = configOf(q)
  local bound = redis.call('XLEN', q.events) >= config.maxEvents
  local known = redis.pcall('XACK', q.events, SINK, unpack(args))
  if type(known) == 'table' then return known end
  -- Only what was delivered may stand for the trim's mark: an id from elsewhere would take unread events with it.
  if known == #args then erase(q.events, SINK, args) else redis.call('XDEL', q.events, unpack(args)) end
  if bound then ring(q) end
  return known
end)
