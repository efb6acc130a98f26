-- Lanes: jobs that wait outside the streams, in `parked`, each lane in order of level and place.
--
--   limit, or limit\2limit   stopped by one of these limits, all of which count for each of its jobs; parked
--   fair                     a fair queue's waiting jobs; their state is `waiting`
--   type:TYPE                no worker runs the type; a worker that does lets them in
--   moving:QUEUE             on their way to another queue
--
-- A claim looks at the lanes in `open`, before the level's stream, and takes a job and its slots in one step: nobody is let in
-- for nothing. A lane whose first job finds no room is in `stalled` under the limit without room (so is every job behind it: they
-- have the same limits), and a rate has the time when it will have some in `gates`. When there is room, one lane of that limit
-- and of each level opens, each in its turn; who finds no room elsewhere, or no job, opens the next. So at any time: where a limit has room, one of
-- its lanes is open, or none waits for it. Moving a lane is one step, however many jobs are in it.
--
-- In a fair queue keys take turns by a start-time fair queueing (Goyal, Vin, Cheng, 1996): a round is two places long. A job's place in the
-- lane `fair` is one behind the level's virtual time or a round behind the last job of its key, whichever is later; taking it moves
-- the virtual time to its place. One behind, not at it: so every new job is behind some that wait, and no key that always has just one
-- job, nor ever new keys, can be first for ever. Less than a round: so it waits for no key twice. So do the keys in a limit's lane.

local ROUND = 2                 -- places between two jobs of a key in a fair queue
local LEVEL = 1e15              -- in scores of `open`: a level is further apart than any two places

local function laneOf(reason, rank) return '[' .. reason .. '\0' .. rank .. '\0', '(' .. reason .. '\0' .. rank .. '\1' end
local function isHeld(reason) return reason:find('^type:') or reason:find('^moving:') end
local function isMoving(h) return (h.parked or ''):find('^moving:') end
local function limitsIn(reason) return reason:gmatch('[^\2]+') end

-- The first member of a lane; nil if it is empty.
local function headOf(q, reason, rank)
  local from, to = laneOf(reason, rank)
  return redis.call('ZRANGEBYLEX', q.parked, from, to, 'LIMIT', 0, 1)[1]
end

local function placeOf(member) return tonumber((member or ''):match('^[^%z]*%z%d%z(%d+)%z') or 0) end

local function reasonOf(h) return h.parked or 'type:' .. h.type end
local function memberOf(id, h)
  return reasonOf(h) .. '\0' .. RANK[levelOf(h)] .. '\0' .. string.format('%015d', h.place or h.n or 0) .. '\0' .. id
end

-- Whether a lane is open. `config.isOpen` saves the look in queues without lanes: nothing but `openLane` adds one during a call.
local function hasOpen(q, config)
  if config.isOpen ~= false then config.isOpen = redis.call('EXISTS', q.open) == 1 end
  return config.isOpen
end

-- Each lane has a virtual time of its own, as many keys may wait for one limit; that of `fair` is the level's.
local function timeOf(reason, rank) return reason == 'fair' and rank or 'time\0' .. reason .. '\0' .. rank end

-- Lists a lane in `open`, where its first job belongs. In a fair queue a limit's lane takes turns with the keys in `fair`: it is
-- one behind the virtual time, or a round if it was just served.
local function listOpen(q, config, reason, rank, head, isServed)
  local place = placeOf(head)
  if config.isFair and reason ~= 'fair' then place = (redis.call('HGET', q.turns, rank) or 0) + (isServed and ROUND or 1) end
  redis.call('ZADD', q.open, whole(rank * LEVEL + place), rank .. '\0' .. reason)
  config.isOpen = true
end

-- Opens one lane, if there are jobs in it; answers whether.
local function openLane(q, config, reason, rank)
  for name in limitsIn(reason ~= 'fair' and reason or '') do
    redis.call('ZREM', q.stalled, name .. '\0' .. rank .. '\0' .. reason)
  end
  local head = headOf(q, reason, rank)
  if head then
    listOpen(q, config, reason, rank, head)
  else
    redis.call('ZREM', q.open, rank .. '\0' .. reason)
    if config.isFair and reason ~= 'fair' then redis.call('HDEL', q.turns, timeOf(reason, rank)) end
  end
  return head ~= nil
end

-- Of the lanes of one level that stall for a limit (`turn` names both), `first` and others or it alone, opens the one behind that
-- which was let in last. A purge may have left very many empty ones: after some hundred of them in a call the next claim goes on,
-- by the limit's gate.
local function openInTurn(q, config, name, turn, rank, first, isAlone)
  local to, isOpen = '(' .. turn .. '\1', false
  local last = not isAlone and redis.call('HGET', q.turns, turn)
  local stalled = last and redis.call('ZRANGEBYLEX', q.stalled, '(' .. turn .. '\0' .. last, to, 'LIMIT', 0, 1)[1] or first
  repeat
    last = stalled and stalled:sub(#turn + 2)
    isOpen = last and openLane(q, config, last, rank)
    if last and not isOpen then
      config.empty = (config.empty or 0) + 1
      stalled = redis.call('ZRANGEBYLEX', q.stalled, '(' .. turn .. '\0' .. last, to, 'LIMIT', 0, 1)[1]
        or redis.call('ZRANGEBYLEX', q.stalled, '[' .. turn .. '\0', to, 'LIMIT', 0, 1)[1]
    end
  until isOpen or not last or config.empty > CALL_ENTRIES
  if last and not isOpen then redis.call('ZADD', q.gates, 0, name) end
  -- Who is alone takes turns with nobody: so nothing stays behind when the last lane is empty.
  if last and not isAlone then redis.call('HSET', q.turns, turn, last) else redis.call('HDEL', q.turns, turn) end
end

-- A limit has room: of the lanes that stall for it, one of each level opens; the shares of the levels decide between them.
local function openNext(q, config, name)
  local to, rank, over = '(' .. name .. '\1', 0, {}
  while rank <= 3 do
    local stalled = redis.call('ZRANGEBYLEX', q.stalled, '[' .. name .. '\0' .. rank, to, 'LIMIT', 0, 2)
    local next = stalled[1] and tonumber(stalled[1]:sub(#name + 2, #name + 2)) or 4
    for none = rank, next - 1 do over[#over + 1] = name .. '\0' .. none end
    if next <= 3 then
      local turn = name .. '\0' .. next
      openInTurn(q, config, name, turn, next, stalled[1], not stalled[2] or stalled[2]:sub(1, #turn) ~= turn)
    end
    rank = next + 1
  end
  -- Where none stalls, none was the last.
  if #over > 0 then redis.call('HDEL', q.turns, unpack(over)) end
end

-- A lane is looked at no more: for each of its limits the next one opens, or, if there is one, the gate of a rate without room is
-- set anew, as the one that opened this lane is gone.
local function passOn(q, config, reason, now)
  for name in limitsIn(reason) do
    local room, wait = roomOf(q, name, limitNamed(config, name), now)
    if room > 0 then
      openNext(q, config, name)
    elseif wait and redis.call('ZLEXCOUNT', q.stalled, '[' .. name .. '\0', '(' .. name .. '\1') > 0 then
      redis.call('ZADD', q.gates, whole(now + wait), name)
    end
  end
end

-- The first job of a lane, and so every job in it, waits for a limit without room; `wait` is the ms until a rate has some.
local function stall(q, config, reason, rank, name, now, wait)
  redis.call('ZREM', q.open, rank .. '\0' .. reason)
  redis.call('ZADD', q.stalled, 0, name .. '\0' .. rank .. '\0' .. reason)
  if wait then
    await(q, name, limitNamed(config, name), now, wait)
    redis.call('ZADD', q.gates, whole(now + wait), name)
  end
  if reason ~= name then passOn(q, config, reason, now) end
end

-- In a lane what takes turns is a key, or for jobs without one their type.
local function turnOf(h, reason)
  return reason .. '\0' .. RANK[levelOf(h)] .. '\0' .. (h.key and 'key:' .. h.key or 'type:' .. h.type)
end

-- Gives a job its place in a lane of a fair queue, unless it has one there. Nothing was served yet from a lane without a time: it
-- starts at its first job, which may be from before the queue was fair.
local function fairPlace(q, h, reason)
  local field, rank = turnOf(h, reason), RANK[levelOf(h)]
  local known = redis.call('HMGET', q.turns, field, timeOf(reason, rank))
  local last, many = (known[1] or ''):match('^(%d+) (%d+)$')
  local time = known[2] or placeOf(headOf(q, reason, rank))
  local place = h.parked == reason and h.place or math.max(time + 1, last and last + ROUND or 0)
  redis.call('HSET', q.turns, field, whole(math.max(place, last or 0)) .. ' ' .. whole((many or 0) + 1))
  return place
end

-- One job less in a lane of a fair queue: the last one takes its key's turn along.
local function forgetTurn(q, h)
  local field = turnOf(h, reasonOf(h))
  local last, many = (redis.call('HGET', q.turns, field) or ''):match('^(%d+) (%d+)$')
  if not last then return end
  if tonumber(many) > 1 then
    redis.call('HSET', q.turns, field, last .. ' ' .. whole(many - 1))
  else
    redis.call('HDEL', q.turns, field)
  end
end

-- Parks a job; the caller writes the header. Among jobs of the same limits it keeps its place as long as it does not run to an
-- end: who is let in and finds no room goes back to where it was.
local function park(q, id, h, reason, isFair, fresh)
  local since = h.entry and tonumber(h.entry:match('^%d+'))
  -- Workers settle in any order: under a type that nobody runs the oldest entry is first.
  local n = h.entry and isHeld(reason) and math.min(tonumber(h.entry:match('(%d+)$')), NUMBERS - 1)
  leave(h)
  h.n = nil
  -- Behind a plain XADD with an id of its own, or after the clock has gone back, an entry may be of the future; no job waits since then.
  if since and since ~= h.enqueuedAt then h.runAt = h.runAt or math.min(since, clock()) end
  if isFair then
    h.place = fairPlace(q, h, reason)
  elseif h.parked == 'fair' or not h.place then
    h.place = n or fresh or nextNumber(q)
  end
  h.parked = reason
  redis.call('ZADD', q.parked, 0, memberOf(id, h))
end

-- Takes a job out of its lane; answers whether it was in one.
local function unpark(q, id, h)
  if redis.call('ZREM', q.parked, memberOf(id, h)) == 0 then return false end
  if not isHeld(reasonOf(h)) then forgetTurn(q, h) end
  return true
end

-- A job is ready to run: it waits in its level's stream, or in the lane of a fair queue.
local function ready(q, config, id, h, now, tally, fresh)
  if not config.isFair then return enter(q, id, h, levelOf(h), now, tally, fresh) end
  if not h.entry and h.enqueuedAt ~= now then h.runAt = now end
  park(q, id, h, 'fair', true, fresh)
  openLane(q, config, 'fair', RANK[levelOf(h)])
end

-- Puts a job that waited outside the streams back into its level.
local function reenter(q, config, id, now, tally)
  local value = redis.call('HGET', q.jobs, id)
  if not value then return end
  local h, inline = read(value)
  if not h then return buryUnreadable(q, config, id, value, nil, tally) end
  h.parked, h.place = nil, nil
  ready(q, config, id, h, now, tally)
  write(q, id, h, inline)
end

-- Lets up to `most` jobs in that are parked because nobody ran their type; answers how many.
local function admit(q, config, kind, most, now, tally)
  local reason = 'type:' .. kind
  local members = redis.call('ZRANGEBYLEX', q.parked, '[' .. reason .. '\0', '(' .. reason .. '\1', 'LIMIT', 0, most)
  for _, member in ipairs(members) do
    redis.call('ZREM', q.parked, member)
    local id = member:match('^[^%z]*%z%d%z%d+%z(.*)$')
    if id then reenter(q, config, id, now, tally) end
  end
  return #members
end

-- Moves delayed jobs that are due into their streams, and opens the next lanes of rates that have room again; answers how many
-- jobs.
local function promote(q, config, now, tally)
  local due = redis.call('ZRANGEBYSCORE', q.delayed, '-inf', whole(now), 'LIMIT', 0, CALL_DUE)
  for _, id in ipairs(due) do
    redis.call('ZREM', q.delayed, id)
    reenter(q, config, id, now, tally)
  end
  local gates = config.limits and redis.call('ZRANGEBYSCORE', q.gates, '-inf', whole(now), 'LIMIT', 0, CALL_JOBS) or {}
  for _, name in ipairs(gates) do
    redis.call('ZREM', q.gates, name)
    openNext(q, config, name)
  end
  return #due
end

-- The slots that runs (`stream entry`) hold, one look for all of them; none for queues without limits.
local function heldBy(q, runs)
  if #runs == 0 or redis.call('EXISTS', q.holds) == 0 then return {} end
  return redis.call('HMGET', q.holds, unpack(runs))
end

-- A run is over, its entry acknowledged: the slots that it held are free, and for each a lane opens that waited for it.
local function giveSlots(q, config, run, held)
  if not held then return end
  if config.hasStalled == nil then config.hasStalled = redis.call('EXISTS', q.stalled) == 1 end
  redis.call('HDEL', q.holds, run)
  for name in held:gmatch('[^\n]+') do
    if redis.call('HINCRBY', q.slots, name, -1) <= 0 then redis.call('HDEL', q.slots, name) end
    if config.hasStalled then openNext(q, config, name) end
  end
end

-- Whether a lane is open or will be: it stalls for a limit whose last lane is open still, or which has no room, and somebody will
-- tell when there is some: the end of a run, a resume, or for a rate its gate. `shut` if nobody will.
local function standOf(q, config, reason, rank, now)
  if not headOf(q, reason, rank) or redis.call('ZSCORE', q.open, rank .. '\0' .. reason) then return 'fine' end
  for name in limitsIn(reason) do
    if redis.call('ZSCORE', q.stalled, name .. '\0' .. rank .. '\0' .. reason) then
      local limit = limitNamed(config, name)
      local room, wait = roomOf(q, name, limit, now)
      local gate = limit and redis.call('ZSCORE', q.gates, name)
      -- A later gate is from before the clock went back.
      if gate and tonumber(gate) <= now + (wait or 0) then return 'fine' end
      if room == 0 and not wait then return 'fine' end
      local last = redis.call('HGET', q.turns, name .. '\0' .. rank)
      if last and redis.call('ZSCORE', q.open, rank .. '\0' .. last) then return 'fine' end
    end
  end
  return 'shut'
end

-- Looks at up to `most` lanes from where the last look ended, and opens those that should be: when limits have changed, and in
-- every sweep, so that a mistake heals. Answers whether there are more that a change of limits left to be looked at.
local function openAll(q, config, now, most)
  local from = redis.call('HGET', q.stats, 'openedTo') or '-'
  for _ = 1, most do
    local member = redis.call('ZRANGEBYLEX', q.parked, from, '+', 'LIMIT', 0, 1)[1]
    if not member then
      redis.call('HDEL', q.stats, 'openedTo', 'reopening')
      return false
    end
    local reason = member:match('^([^%z]*)%z') or member
    for rank = 0, isHeld(reason) and -1 or 3 do
      if standOf(q, config, reason, rank, now) == 'shut' then openLane(q, config, reason, rank) end
    end
    from = '[' .. reason .. '\1'
  end
  redis.call('HSET', q.stats, 'openedTo', from)
  return redis.call('HEXISTS', q.stats, 'reopening') == 1
end

-- The last entry of a stream that was handed out; those behind it wait.
local function lastDelivered(q, stream)
  local groups = redis.pcall('XINFO', 'GROUPS', q[stream])
  for _, fields in ipairs(groups.err and {} or groups) do
    local g = {}
    for i = 1, #fields, 2 do g[fields[i]] = fields[i + 1] end
    if g.name == GROUP then return g['last-delivered-id'] end
  end
  return '0-0'
end

-- Where a job is: its state, and with it the time of death, the due time, or the pending entry (id, consumer, idle ms,
-- deliveries).
local function stateOf(q, id, h)
  local dead = redis.call('ZSCORE', q.dead, id)
  if dead then return 'dead', dead end
  local due = redis.call('ZSCORE', q.delayed, id)
  if due then return 'delayed', due end
  if redis.call('ZSCORE', q.parked, memberOf(id, h)) then return h.parked == 'fair' and 'waiting' or 'parked' end
  local pending = h.entry and redis.pcall('XPENDING', q[streamOf(h)], GROUP, h.entry, h.entry, 1)
  if pending and not pending.err and pending[1] then return 'running', pending[1] end
  return 'waiting'
end

-- When a pending entry was claimed. A renewal makes its idle time 0 and keeps the start as its number of deliveries, which
-- nothing else needs: a run is delivered once.
local function startOf(pending, now) return pending[4] > 1e9 and pending[4] or now - pending[3] end

-- Takes a job that neither runs nor is dead out of its place. A waiting one's entry stays and is skipped when it is met.
local function withdraw(q, id, h, tally)
  if redis.call('ZREM', q.delayed, id) == 0 and not unpark(q, id, h) and h.entry then
    count(tally, WAITING[streamOf(h)], -1)
  end
  leave(h)
end

-- Ends a job, or asks the worker of one that runs to do so; answers `cancelled` or `cancelling`.
local function cancel(q, config, id, h, inline, now, tally, text)
  if stateOf(q, id, h) == 'running' then
    h.cancel = 1
    write(q, id, h, inline)
    return 'cancelling'
  end
  withdraw(q, id, h, tally)
  cancelNow(q, config, id, h, inline, now, nil, tally, text)
  return 'cancelled'
end
