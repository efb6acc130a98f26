-- Lanes: jobs that wait outside the streams, in `parked`, each lane in order of level and place.
--
--   concurrency… rate… paused… singleton…   stopped by the limit of that name; parked
--   fair                                    a fair queue's waiting jobs; their state is `waiting`
--   type:TYPE                               no worker runs the type; a worker that does lets them in
--   moving:QUEUE                            on their way to another queue
--
-- A claim looks at the lanes in `open` (`rank\0reason`), before the level's stream. Of a limit's lane these three hold at any
-- time: it is open, or the limit has no room, or `gates` has the time when a rate will have some. A job that waits in a lane
-- holds no slot; claim takes the job and the slot in one step, so nothing is let in for nothing.
--
-- In a fair queue the keys of a lane take turns by start-time fair queueing (Goyal, Vin, Cheng, 1996): a job's place is the
-- lane's virtual time or one behind the last of its key, whichever is later; taking a job moves the virtual time to its place.

local LEVEL = 1e15              -- in scores of `open`: a level is further apart than any two places

local function laneOf(reason, rank) return '[' .. reason .. '\0' .. rank .. '\0', '(' .. reason .. '\0' .. rank .. '\1' end
local function isHeld(reason) return reason:find('^type:') or reason:find('^moving:') end

local function reasonOf(h) return h.parked or 'type:' .. h.type end
local function memberOf(id, h)
  return reasonOf(h) .. '\0' .. RANK[levelOf(h)] .. '\0' .. string.format('%015.0f', h.place or h.n or 0) .. '\0' .. id
end

-- What takes turns: a key; jobs without one by their type.
local function turnOf(reason, h)
  return reason .. '\0' .. RANK[levelOf(h)] .. '\0' .. (h.key and 'key:' .. h.key or 'type:' .. h.type)
end

-- The place of one more job in a lane of a fair queue.
local function fairPlace(q, reason, h)
  local field = turnOf(reason, h)
  local known = redis.call('HMGET', q.turns, field, reason .. '\0' .. RANK[levelOf(h)])
  local last, many = (known[1] or ''):match('^(%d+) (%d+)$')
  local place = math.max(tonumber(known[2] or 0), last and last + 1 or 0)
  redis.call('HSET', q.turns, field, whole(place) .. ' ' .. whole((many or 0) + 1))
  return place
end

-- Opens one lane of a reason, if there are jobs in it.
local function openLane(q, config, reason, rank)
  local from, to = laneOf(reason, rank)
  local head = redis.call('ZRANGEBYLEX', q.parked, from, to, 'LIMIT', 0, 1)[1]
  if not head then return end
  local place = tonumber(head:match('^[^%z]*%z%d%z(%d+)%z') or 0)
  if config.isFair and reason ~= 'fair' then place = tonumber(redis.call('HGET', q.turns, 'fair\0' .. rank) or 0) end
  redis.call('ZADD', q.open, large(rank * LEVEL + place), rank .. '\0' .. reason)
end

-- There is room under a limit: its lanes open.
local function openLanes(q, config, reason)
  if not redis.call('ZRANGEBYLEX', q.parked, '[' .. reason .. '\0', '(' .. reason .. '\1', 'LIMIT', 0, 1)[1] then return end
  for rank = 0, 3 do openLane(q, config, reason, rank) end
end

-- Parks a job for a reason; the caller writes the header. Who was parked for the same reason before, and found no room when
-- its turn came, goes back to its old place.
local function park(q, config, id, h, reason, fresh)
  local n = h.entry and math.min(tonumber(h.entry:match('(%d+)$')), NUMBERS - 1) or fresh
  local since = h.entry and tonumber(h.entry:match('^%d+'))
  leave(h)
  h.n = nil
  if since and since < NUMBERS and since ~= h.enqueuedAt then h.runAt = since end
  if config.isFair and not isHeld(reason) then
    if h.parked ~= reason or not h.place then h.place = fairPlace(q, reason, h) end
  else
    h.place = h.place or n or nextNumber(q)
  end
  h.parked = reason
  redis.call('ZADD', q.parked, 0, memberOf(id, h))
  if reason == 'fair' then openLane(q, config, reason, RANK[levelOf(h)]) end
end

-- One job less in a fair lane: the last one takes its key's turn along.
local function forgetTurn(q, reason, h)
  local field = turnOf(reason, h)
  local last, many = (redis.call('HGET', q.turns, field) or ''):match('^(%d+) (%d+)$')
  if not last then return end
  if tonumber(many) > 1 then
    redis.call('HSET', q.turns, field, last .. ' ' .. whole(many - 1))
  else
    redis.call('HDEL', q.turns, field)
  end
end

-- Takes a job out of its lane; answers whether it was in one.
local function unpark(q, id, h)
  if redis.call('ZREM', q.parked, memberOf(id, h)) == 0 then return false end
  forgetTurn(q, reasonOf(h), h)
  return true
end

-- A job is ready to run: it waits in its level's stream, or in the lane of a fair queue.
local function ready(q, config, id, h, now, tally, fresh)
  if not config.isFair then return enter(q, id, h, levelOf(h), now, tally, fresh) end
  leave(h)
  if h.enqueuedAt ~= now then h.runAt = now end
  park(q, config, id, h, 'fair', fresh)
end

-- Puts a job that waited outside the streams back into its level.
local function reenter(q, config, id, now, tally)
  local value = redis.call('HGET', q.jobs, id)
  if not value then return end
  local h, inline = read(value)
  if not h then return buryUnreadable(q, config, id, value, nil, tally) end
  if h.parked then forgetTurn(q, h.parked, h) end
  h.parked, h.place = nil, nil
  ready(q, config, id, h, now, tally)
  write(q, id, h, inline)
end

-- Lets up to `most` jobs in that are parked for `reason`; answers how many.
local function admit(q, config, reason, most, now, tally)
  local members = redis.call('ZRANGEBYLEX', q.parked, '[' .. reason .. '\0', '(' .. reason .. '\1', 'LIMIT', 0, most)
  for _, member in ipairs(members) do
    redis.call('ZREM', q.parked, member)
    local id = member:match('^[^%z]*%z%d%z%d+%z(.*)$')
    if id then reenter(q, config, id, now, tally) end
  end
  return #members
end

-- Moves delayed jobs that are due into their streams, and opens the lanes of rates that have room again; answers how many jobs.
local function promote(q, config, now, tally)
  local due = redis.call('ZRANGEBYSCORE', q.delayed, '-inf', whole(now), 'LIMIT', 0, CALL_DUE)
  for _, id in ipairs(due) do
    redis.call('ZREM', q.delayed, id)
    reenter(q, config, id, now, tally)
  end
  for _, reason in ipairs(redis.call('ZRANGEBYSCORE', q.gates, '-inf', whole(now), 'LIMIT', 0, CALL_JOBS)) do
    redis.call('ZREM', q.gates, reason)
    openLanes(q, config, reason)
  end
  return #due
end

-- A lane's limit has no room: nobody looks at it until it has.
local function closeLane(q, reason, rank, now, wait)
  redis.call('ZREM', q.open, rank .. '\0' .. reason)
  if wait then redis.call('ZADD', q.gates, whole(now + wait), reason) end
end

-- A run is over, its entry acknowledged: its slots are free, and the lanes that waited for them open. `config.hasHolds` saves
-- the look in queues without limits.
local function giveSlots(q, config, stream, entry)
  if config.hasHolds == nil then config.hasHolds = redis.call('EXISTS', q.holds) == 1 end
  if not config.hasHolds then return end
  local run = stream .. ' ' .. entry
  local held = redis.call('HGET', q.holds, run)
  if not held then return end
  redis.call('HDEL', q.holds, run)
  for name in held:gmatch('[^\n]+') do
    if redis.call('HINCRBY', q.slots, name, -1) <= 0 then redis.call('HDEL', q.slots, name) end
    openLanes(q, config, name)
  end
end

-- Looks at up to `most` reasons from where the last look ended, and opens the lanes whose limit has room: when limits have
-- changed, and in every sweep, so that a mistake heals. Answers whether it has seen all.
local function openAll(q, config, now, most)
  local from = redis.call('HGET', q.stats, 'openedTo') or '-'
  for _ = 1, most do
    local member = redis.call('ZRANGEBYLEX', q.parked, from, '+', 'LIMIT', 0, 1)[1]
    if not member then
      redis.call('HDEL', q.stats, 'openedTo')
      return true
    end
    local reason = member:match('^([^%z]*)%z') or member
    if not isHeld(reason) then
      local room, wait = roomOf(q, reason, limitNamed(config, reason), now)
      if room > 0 then openLanes(q, config, reason) elseif wait then redis.call('ZADD', q.gates, whole(now + wait), reason) end
    end
    from = '[' .. reason .. '\1'
  end
  redis.call('HSET', q.stats, 'openedTo', from)
  return false
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
