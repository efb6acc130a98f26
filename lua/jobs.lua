-- A job's header and its place: the steps that several transitions share.
--
-- The header is one line of JSON, defaults left out. A waiting or running job is named by its `entry`, `<ms>-<n>`, in one
-- stream: its level's, or `returned` if `stream` says so. n is drawn from the queue's sequence and never given twice. So the
-- header alone names the only valid entry. `enqueuedAt` is left out while it is the entry's ms.

local KINDS = {
  type = 'string', priority = 'string', key = 'string', unique = 'string', source = 'string', headers = 'string',
  traceparent = 'string', lastError = 'string', stream = 'string', entry = 'string', scope = 'string', late = 'string',
  parked = 'string', n = 'number', attempt = 'number', ttl = 'number', maxAttempts = 'number', timeout = 'number',
  enqueuedAt = 'number', runAt = 'number', crashes = 'number', cancel = 'number', singleton = 'number', latest = 'number',
  deadline = 'number', place = 'number', snoozes = 'number', origin = 'string',
}

-- Reads a value of `jobs`: header, inline payload (nil if it is in `bodies`), the header's line. Nil if it cannot be read.
local function read(value)
  local stop = value:find('\n', 1, true)
  local line = stop and value:sub(1, stop - 1) or value
  local ok, h = pcall(cjson.decode, line)
  if not ok or type(h) ~= 'table' or not h.type or not (h.entry or h.enqueuedAt) then return nil end
  for name, field in pairs(h) do
    local kind = type(field)
    if KINDS[name] and kind ~= KINDS[name] or kind == 'table' then return nil end
    -- Not a number that was written here; not one that could be written again, if it is infinite.
    if kind == 'number' and not (field >= 0 and field < NUMBERS) then return nil end
  end
  if h.priority and not RANK[h.priority] or h.stream and h.stream ~= 'returned' then return nil end
  if h.entry and not h.entry:find('^%d+%-%d+$') then return nil end
  return h, stop and value:sub(stop + 1), line
end

local function write(q, id, h, inline)
  local line = cjson.encode(h)
  redis.call('HSET', q.jobs, id, inline and line .. '\n' .. inline or line)
  return line
end

local function levelOf(h) return h.priority or 'normal' end
local function streamOf(h) return h.stream or levelOf(h) end
local function payloadOf(q, id, inline) return inline or redis.call('HGET', q.bodies, id) end
local function nextNumber(q) return redis.call('HINCRBY', q.stats, 'sequence', 1) end

-- Takes the job's entry from its header; the entry itself must be over already.
local function leave(h)
  h.enqueuedAt = h.enqueuedAt or h.entry and tonumber(h.entry:match('^%d+'))
  h.entry, h.stream = nil, nil
end

-- Adds an entry behind the newest of a stream. A plain XADD may have used up its last id, and then it takes no more, ever: the job
-- goes to `returned`, or if that is spoiled, too, to its level. Answers the entry and the stream.
local function addBehind(q, id, h, stream)
  for _, other in ipairs({ stream, 'returned' }) do
    local added = redis.pcall('XADD', q[other], '*', 'id', id)
    if type(added) == 'string' then return added, other end
  end
  return redis.call('XADD', q[levelOf(h)], '*', 'id', id), levelOf(h)
end

-- Puts the job into a stream under a new n (`fresh`, if one was drawn already). The caller writes the header afterwards.
local function enter(q, id, h, stream, now, tally, fresh)
  leave(h)
  local n = fresh or nextNumber(q)
  h.entry, h.runAt, h.n = stampOf(now) .. '-' .. whole(n), nil, nil
  local added = redis.pcall('XADD', q[stream], h.entry, 'id', id)
  if type(added) == 'table' and added.err then
    -- The clock went back, or somebody's plain XADD is ahead: go on behind the newest entry.
    h.entry, stream = addBehind(q, id, h, stream)
  elseif h.enqueuedAt == now then
    h.enqueuedAt = nil
  end
  h.stream = stream == 'returned' and stream or nil
  count(tally, WAITING[stream])
end

-- Ends entries that were delivered. Where everything below the lowest pending entry is over, one trim frees whole nodes;
-- XDEL, which walks a node for each entry, is for the rest. `entries` must be acknowledged already.
local function erase(key, group, entries)
  local top, topMs, topSeq = nil, -1, -1
  for _, entry in ipairs(entries) do
    local ms, seq = entry:match('^(%d+)-(%d+)$')
    ms, seq = tonumber(ms), tonumber(seq)
    if ms > topMs or ms == topMs and seq > topSeq then topMs, topSeq = ms, seq end
    -- Too large to reckon with: only a plain XADD with an id of its own comes here.
    if ms >= NUMBERS or seq >= NUMBERS - 1 then return redis.call('XDEL', key, unpack(entries)) end
  end
  local lowest = redis.call('XPENDING', key, group, '-', '+', 1)[1]
  if not lowest then
    redis.call('XTRIM', key, 'MINID', whole(topMs) .. '-' .. whole(topSeq + 1))
    return
  end
  local ms, seq = lowest[1]:match('^(%d+)-(%d+)$')
  ms, seq = tonumber(ms), tonumber(seq)
  if topMs < ms or topMs == ms and topSeq < seq then
    redis.call('XTRIM', key, 'MINID', lowest[1])
  else
    redis.call('XDEL', key, unpack(entries))
  end
end

-- A unique key is held while its job lives, and in the scope `window` until its expiry. Dead, cancelled: free at once.
local function freeUnique(q, h, id, now, completed)
  if not h.unique then return end
  local held = redis.call('HGET', q.unique, h.unique)
  local expiry, holder = (held or ''):match('^(%d+) %a+ (.*)$')
  if holder ~= id then return end
  if completed and not h.scope and tonumber(expiry) > now then
    redis.call('HSET', q.unique, h.unique, expiry .. ' done ' .. id)
  else
    redis.call('HDEL', q.unique, h.unique)
    redis.call('ZREM', q['unique:expiry'], h.unique)
  end
end

-- The id that holds the key, and whether by a job that lives; or nil if the key is free. A live holder that no longer exists, or
-- is another life of the id, holds nothing.
local function holderOf(q, key, now)
  local held = redis.call('HGET', q.unique, key)
  if not held then return nil end
  local expiry, state, id = held:match('^(%d+) (%a+) (.*)$')
  if not expiry then return nil end
  if state == 'done' then return tonumber(expiry) > now and id or nil, false end
  local value = redis.call('HGET', q.jobs, id)
  local h = value and read(value)
  return h and h.unique == key and id or nil, true
end

local function hold(q, key, id, expiry)
  redis.call('HSET', q.unique, key, whole(expiry) .. ' live ' .. id)
  redis.call('ZADD', q['unique:expiry'], whole(expiry), key)
end

-- One entry of `events`. `run` names the run that ended, "level entry startedAt ran worker", or is false; `name` and `text`
-- are `result`, `error` or `raw`, or false. What nobody records carries no payload, result or raw bytes over 1 KiB: its
-- bound counts events, not bytes.
local function record(q, config, kind, id, line, run, name, text, payload)
  -- Made with room for all words: growing it costs more than filling it.
  local args, at = { 'kind', kind, 'id', id, 'header', line, nil, nil, nil, nil, nil, nil }, 6
  if run then
    args[7], args[8] = 'run', run
    at = 8
  end
  if name and (config.record or name == 'error' or #text <= INLINE) then
    args[at + 1], args[at + 2] = name, text
    at = at + 2
  end
  if payload and (config.record or #payload <= INLINE) then
    args[at + 1], args[at + 2] = 'payload', payload
    at = at + 2
  end
  if config.record then
    redis.call('XADD', q.events, '*', unpack(args, 1, at))
  else
    redis.call('XADD', q.events, 'MAXLEN', '~', UNRECORDED, '*', unpack(args, 1, at))
  end
end

-- Takes a job out of Redis.
local function remove(q, id, inline)
  redis.call('HDEL', q.jobs, id)
  if not inline then redis.call('HDEL', q.bodies, id) end
  redis.call('HDEL', q.history, id)
end

-- Notes what went wrong with a run, the last ten times: a dead letter is read by a person.
local function noteError(q, id, h, now, text, worker)
  local lines = redis.call('HGET', q.history, id) or ''
  local note = { at = now, attempt = (h.attempt or 0), error = text:sub(1, INLINE), worker = worker }
  lines = lines .. cjson.encode(note) .. '\n'
  local _, many = lines:gsub('\n', '')
  if many > HISTORY then lines = lines:match('\n(.*)$') end
  redis.call('HSET', q.history, id, lines)
end

-- Tells of what makes no sense, its bytes kept in the event.
local function discard(q, config, id, raw, run, tally)
  record(q, config, 'dead', id, '', run, 'raw', raw)
  count(tally, 'dead')
end

-- Buries a job that cannot be read: out of the way of the others, its payload kept too, after a newline.
local function buryUnreadable(q, config, id, raw, run, tally)
  local stop = raw:find('\n', 1, true)
  count(tally, 'bytes', -(stop and #raw - stop or redis.call('HSTRLEN', q.bodies, id)))
  local body = config.record and redis.call('HGET', q.bodies, id)
  if body then raw = raw .. '\n' .. body end
  discard(q, config, id, raw, run, tally)
  remove(q, id)
end

-- The dead letter keeps header and body for a requeue.
local function bury(q, config, id, h, inline, now, text, run, tally)
  leave(h)
  h.lastError, h.cancel, h.parked, h.place = text:sub(1, ERROR_BYTES), nil, nil, nil
  freeUnique(q, h, id, now, false)
  noteError(q, id, h, now, text, run and run:match('^%S+ %S+ %S+ %S+ (.*)$'))
  redis.call('ZADD', q.dead, whole(now), id)
  local line, payload = write(q, id, h, inline), payloadOf(q, id, inline)
  record(q, config, 'dead', id, line, run, 'error', h.lastError, payload)
  count(tally, 'bytes', -#(payload or ''))
  count(tally, 'dead')
end

-- Ends a job; `text`, if there is one, says why.
local function cancelNow(q, config, id, h, inline, now, run, tally, text)
  freeUnique(q, h, id, now, false)
  h.cancel, h.parked, h.place = nil, nil, nil
  local payload = payloadOf(q, id, inline)
  record(q, config, 'cancelled', id, cjson.encode(h), run, text and 'error', text, payload)
  remove(q, id, inline)
  count(tally, 'bytes', -#(payload or ''))
  count(tally, 'cancelled')
end

-- Gives a run back: it goes to `returned`, which is claimed before all else, unless its cancellation was asked for.
local function giveBack(q, config, id, h, inline, now, kind, run, tally)
  if h.cancel then return cancelNow(q, config, id, h, inline, now, run, tally) end
  enter(q, id, h, 'returned', now, tally)
  record(q, config, kind, id, write(q, id, h, inline), run)
end
