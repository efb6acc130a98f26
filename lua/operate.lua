-- The operator's verbs for jobs and queues; dead letters and settings have files of their own.

-- The job behind an id for a verb: header, inline payload; or nil and an error reply.
local function find(q, id)
  if not id or #id < 1 then return nil, fail('INVALID', 'a job id is needed') end
  local value = redis.call('HGET', q.jobs, id)
  if not value then
    return nil, fail('UNKNOWN', 'queue ' .. q.name .. ' has no live or dead job ' .. id:sub(1, 128) .. '; ended jobs are in Postgres')
  end
  local h, inline = read(value)
  if h then return h, inline end
  if redis.call('ZREM', q.dead, id) == 0 then
    return nil, fail('INVALID', 'job ' .. id .. ' cannot be read; its next claim buries it')
  end
  -- No claim ever meets a dead letter, so it goes now; it was counted when it died.
  buryUnreadable(q, configOf(q), id, value, false, {})
  return nil, fail('INVALID', 'job ' .. id .. ' could not be read and was removed; its bytes are in the event')
end

-- Reads `name value` pairs from args[at…] into a table; nil and an error reply unless every name is in `options`, which says
-- how its text becomes a value and what would be right.
local function named(args, at, options)
  local found = {}
  for i = at, #args, 2 do
    local option = options[args[i]]
    if not option then return nil, fail('INVALID', 'unknown option ' .. shown(args[i])) end
    if not args[i + 1] then return nil, fail('INVALID', 'option ' .. args[i] .. ' has no value') end
    found[args[i]] = option[1](args[i + 1])
    if found[args[i]] == nil then return nil, fail('INVALID', args[i] .. ' is ' .. option[2] .. ', not ' .. shown(args[i + 1])) end
  end
  return found
end

-- The job behind args[1], if it waits, is delayed or parked: header, inline payload, and when it is due, if it is delayed, also
-- one that departs; or nil and an error reply.
local function findMovable(q, args, verb)
  local h, inline = find(q, args[1])
  if not h then return nil, inline end
  local state = stateOf(q, args[1], h)
  if state == 'running' or state == 'dead' then
    local remedy = state == 'dead' and 'requeue it' or 'cancel it, or wait for its end'
    return nil, fail('INVALID', 'job ' .. args[1] .. ' is ' .. state .. '; ' .. verb .. ' is for waiting, delayed and parked jobs: ' .. remedy)
  end
  return h, inline, (state == 'delayed' or isMoving(h)) and h.runAt or nil
end

-- penstock_cancel: ends a job. KEYS queue; ARGV id. A job that does not run is cancelled at once: `cancelled ID`; of a running one
-- the worker hears at its next renewal: `cancelling ID`. Errors: UNKNOWN; INVALID for a dead letter.
register('cancel', { 'allow-oom' }, function(q, args)
  local h, inline = find(q, args[1])
  if not h then return inline end
  if redis.call('ZSCORE', q.dead, args[1]) then return fail('INVALID', 'job ' .. args[1] .. ' is dead already; requeue or resolve it') end
  local tally = {}
  local word = cancel(q, configOf(q), args[1], h, inline, clock(), tally)
  writeTally(q, tally)
  return { word, args[1] }
end)

-- penstock_move: gives a waiting, delayed or parked job another level or another time. KEYS queue;
-- ARGV id [priority LEVEL] [delay MS]; delay 0 is now. A start deadline moves along. Replies `moved ID`. Errors: UNKNOWN; INVALID for running and dead jobs.
register('move', { 'allow-oom' }, function(q, args)
  local to, wrong = named(args, 2, { priority = OPTIONS.priority, delay = OPTIONS.delay })
  if not to then return wrong end
  local h, inline, before = findMovable(q, args, 'move')
  if not h then return inline end
  local id, now, tally, config = args[1], clock(), {}, configOf(q)
  local was = math.max(now, before or now)
  local due = to.delay and now + to.delay or was
  if h.deadline then h.deadline = h.deadline + due - was end
  withdraw(q, id, h, tally)
  h.parked, h.place = nil, nil
  if to.priority then h.priority = to.priority ~= 'normal' and to.priority or nil end
  if due > now then
    h.runAt = due
    redis.call('ZADD', q.delayed, whole(due), id)
  else
    ready(q, config, id, h, now, tally)
  end
  write(q, id, h, inline)
  writeTally(q, tally)
  ring(q)
  return { 'moved', id }
end)

-- Another queue may live on another server: a job goes there in three steps, each of which may be repeated. It departs (is parked
-- here, and its enqueue's words are told), is enqueued there under the same id, and has departed. `origin` is of this life of the id
-- alone (to the ms of its enqueue): by it a repeat tells the job that it has brought there from another one that has the same id.

-- penstock_depart: the first step. KEYS queue; ARGV id target. Replies the words of its enqueue: type payload name value….
register('depart', { 'allow-oom' }, function(q, args)
  local h, inline, due = findMovable(q, args, 'move')
  if not h then return inline end
  if not args[2] or not queueOf(args[2]) or args[2] == q.name then return fail('INVALID', 'the name of another queue is needed') end
  local id, now, tally = args[1], clock(), {}
  local words = { h.type, payloadOf(q, id, inline) or '', 'id', id }
  local function add(name, value)
    if value then words[#words + 1], words[#words + 2] = name, type(value) == 'number' and whole(value) or value end
  end
  local left = due and due - now
  add('delay', left and left > 0 and left)
  for _, name in ipairs({ 'priority', 'key', 'unique', 'ttl', 'timeout', 'headers', 'source', 'traceparent' }) do add(name, h[name]) end
  add('attempts', h.maxAttempts)
  add('origin', q.name .. ':' .. whole(h.enqueuedAt or tonumber(h.entry:match('^%d+'))))
  if h.singleton then add('singleton', 'skip') else add('scope', h.scope) end
  if h.deadline then
    add('deadline', math.max(1, h.deadline - now - math.max(0, left or 0)))
    add('late', h.late)
  end
  withdraw(q, id, h, tally)
  h.place, h.runAt = nil, due
  park(q, id, h, 'moving:' .. args[2])
  write(q, id, h, inline)
  writeTally(q, tally)
  return words
end)

-- penstock_departed: the last step. KEYS queue; ARGV id target. Replies `moved ID`. Errors: UNKNOWN; INVALID unless it departs there.
register('departed', { 'allow-oom' }, function(q, args)
  local h, inline = find(q, args[1])
  if not h then return inline end
  local id, tally = args[1], {}
  if h.parked ~= 'moving:' .. (args[2] or '') or not unpark(q, id, h) then
    return fail('INVALID', 'job ' .. id .. ' is not on its way to queue ' .. (args[2] or ''):sub(1, 128))
  end
  cancelNow(q, configOf(q), id, h, inline, clock(), nil, tally, 'moved to queue ' .. args[2])
  writeTally(q, tally)
  return { 'moved', id }
end)

local PURGED = { waiting = true, delayed = true, parked = true, dead = true }
local FILTERS = {
  state = { function(v) return PURGED[v] and v or nil end, 'waiting, delayed, parked or dead' },
  type = { function(v) return printable(v, 128) and v or nil end, '1 to 128 printable characters' },
}

-- penstock_purge: cancels all jobs that wait, are delayed or parked; or those of one state or type; dead letters only if asked for.
-- KEYS queue; ARGV cursor [state STATE] [type TYPE]. The cursor is 0 at first. Replies the next cursor, 0 at the end, and how many
-- jobs are gone.
register('purge', { 'allow-oom' }, function(q, args)
  if not (args[1] or ''):find('^%d+$') then return fail('INVALID', 'a cursor is needed, 0 at first') end
  local want, wrong = named(args, 2, FILTERS)
  if not want then return wrong end
  local config, now, tally, purged = configOf(q), clock(), {}, 0
  local page = redis.call('HSCAN', q.jobs, args[1], 'COUNT', CALL_JOBS)
  for i = 1, #page[2], 2 do
    local id = page[2][i]
    local h, inline = read(page[2][i + 1])
    local state = h and (not want.type or h.type == want.type) and stateOf(q, id, h)
    if state == 'dead' and want.state == 'dead' then
      redis.call('ZREM', q.dead, id)
      remove(q, id, inline)
      purged = purged + 1
    elseif state and state ~= 'dead' and state ~= 'running' and (not want.state or want.state == state) then
      cancel(q, config, id, h, inline, now, tally, 'purged')
      purged = purged + 1
    end
  end
  writeTally(q, tally)
  return { page[1], whole(purged) }
end)
