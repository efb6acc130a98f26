-- Handing runs out, by policy.

-- Reads up to `most` new entries of a stream for a consumer; makes the groups when they are missing.
local function readNew(q, stream, consumer, most)
  local reply = redis.pcall('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', most, 'STREAMS', q[stream], '>')
  if type(reply) == 'table' and reply.err then
    if not reply.err:find('NOGROUP', 1, true) then error(reply.err) end
    for _, name in ipairs(STREAMS) do redis.pcall('XGROUP', 'CREATE', q[name], GROUP, '0', 'MKSTREAM') end
    reply = redis.call('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', most, 'STREAMS', q[stream], '>')
  end
  return reply and reply[1][2] or {}
end

-- The id in an entry's fields, or nil for a plain XADD.
local function idOf(fields)
  if fields[1] == 'id' then return fields[2] end
  for i = 1, #fields, 2 do
    if fields[i] == 'id' then return fields[i + 1] end
  end
end

-- Makes a job of a plain XADD (fields `type` and `payload`); nil if they are missing.
local function adopt(q, stream, entry, fields, now, tally)
  local given = {}
  for i = 1, #fields, 2 do given[fields[i]] = fields[i + 1] end
  if not given.type or not printable(given.type, 128) or not given.payload then return nil end
  local id = stream .. '-' .. entry
  local h = {
    type = given.type, entry = entry, priority = RANK[stream] and stream ~= 'normal' and stream or nil,
    stream = stream == 'returned' and stream or nil,
  }
  -- An entry's id is its producer's to choose: what it says about the future is not believed.
  if tonumber(entry:match('^%d+')) > now then h.enqueuedAt = now end
  local isTaken = redis.call('HEXISTS', q.jobs, id) == 1
  if isTaken then
    -- Somebody gave a job this very id: what was read is over, and waits again under an id of its own.
    local n = nextNumber(q)
    id = newId(q, now, n)
    enter(q, id, h, stream, now, tally, n)
  end
  local inline = #given.payload <= INLINE and given.payload or nil
  if not inline then redis.call('HSET', q.bodies, id, given.payload) end
  local line = write(q, id, h, inline)
  count(tally, 'accepted')
  count(tally, 'bytes', #given.payload)
  if not isTaken then count(tally, WAITING[stream]) end
  return id, inline and line .. '\n' .. inline or line
end

-- The state of one claim: what it may still take, what it has.
local function newClaim(q, config, consumer, want, now, tally)
  return {
    q = q, config = config, consumer = consumer, left = want, now = now, tally = tally,
    -- Where payloads may be large, few entries are read at a time, so that few have to go to `returned`.
    step = redis.call('EXISTS', q.bodies) == 1 and 4 or CALL_ENTRIES, entries = CALL_ENTRIES, looks = CALL_ENTRIES,
    bytes = 0, full = false, more = false, jobs = {}, times = {},
  }
end

-- A job's first start: it frees a unique key `until-started`, and must not be late. Answers the header's line, nil if it is over.
local function start(claim, id, h, inline)
  local q, now, tally = claim.q, claim.now, claim.tally
  if h.deadline and now > h.deadline then
    local text = 'not started in time, ' .. whole(now - h.deadline) .. ' ms late'
    if h.late == 'drop' then
      cancelNow(q, claim.config, id, h, inline, now, nil, tally, text)
    else
      bury(q, claim.config, id, h, inline, now, text, nil, tally)
    end
    return nil
  end
  if h.scope == 'until-started' then freeUnique(q, h, id, now, false) end
  h.deadline, h.late = nil, nil
  return write(q, id, h, inline)
end

-- A job that `name` stops waits in the lane of its limits. An open lane stays so: it is looked at. Without a name the job only
-- joins the others there.
local function stop(claim, id, h, inline, limits, name, wait)
  local q, reason, rank = claim.q, nameOf(limits), RANK[levelOf(h)]
  park(q, id, h, reason, claim.config.isFair)
  write(q, id, h, inline)
  if name and not redis.call('ZSCORE', q.open, rank .. '\0' .. reason) then stall(q, claim.config, reason, rank, name, claim.now, wait) end
end

-- Hands out a run that no limit of its own stops, or answers true when its entry is over.
local function give(claim, stream, entry, id, h, inline, line, limits)
  local q, tally = claim.q, claim.tally
  local size = inline and #inline or redis.call('HSTRLEN', q.bodies, id)
  if claim.full or #claim.jobs > 0 and claim.bytes + size > CALL_BYTES then
    claim.full, claim.more = true, true
    enter(q, id, h, 'returned', claim.now, tally)
    write(q, id, h, inline)
    return true
  end
  local payload = payloadOf(q, id, inline)
  if not payload then
    buryUnreadable(q, claim.config, id, line, false, tally)
    return true
  end
  if h.deadline or h.scope == 'until-started' then
    line = start(claim, id, h, inline)
    if not line then return true end
  end
  if limits then takeSlots(q, limits, stream, entry, claim.now) end
  claim.bytes, claim.left = claim.bytes + size, claim.left - 1
  local jobs, at = claim.jobs, #claim.jobs
  jobs[at + 1], jobs[at + 2], jobs[at + 3], jobs[at + 4], jobs[at + 5] = stream, entry, id, line, payload
  return false
end

-- Judges one delivered entry: hands the run out, or answers true when the entry is over.
local function hand(claim, stream, entry, fields, id, value)
  local q, tally = claim.q, claim.tally
  if not id then
    id, value = adopt(q, stream, entry, fields, claim.now, tally)
    -- It may have been given an entry of its own, behind what this claim sees.
    if id and id ~= stream .. '-' .. entry then claim.more = true end
    if not id then
      discard(q, claim.config, stream .. '-' .. entry, table.concat(fields, ' '), false, tally)
      return true
    end
  end
  if not value then return true end
  local h, inline, line = read(value)
  if not h then
    count(tally, WAITING[stream], -1)
    buryUnreadable(q, claim.config, id, value, false, tally)
    return true
  end
  if h.entry ~= entry or streamOf(h) ~= stream then return true end
  count(tally, WAITING[stream], -1)
  local limits = limitsOf(claim.config, h)
  -- The keys of a fair queue take turns in its lanes, so what is in a stream (a plain XADD, or older than the setting) goes there.
  if claim.config.isFair and stream ~= 'returned' then
    ready(q, claim.config, id, h, claim.now, tally)
    write(q, id, h, inline)
    return true
  end
  local blocked, wait = nil, nil
  if limits then blocked, wait = blockedBy(q, limits, claim.now) end
  if blocked then
    stop(claim, id, h, inline, limits, blocked, wait)
    return true
  end
  return give(claim, stream, entry, id, h, inline, line, limits)
end

-- Ends entries that became no runs.
local function drop(claim, stream, over)
  if #over == 0 then return end
  redis.call('XACK', claim.q[stream], GROUP, unpack(over))
  erase(claim.q[stream], GROUP, over)
end

-- Judges what was read from a stream.
local function handAll(claim, stream, read)
  local ids, over = {}, {}
  for i, entry in ipairs(read) do ids[i] = idOf(entry[2]) or '' end
  local values = redis.call('HMGET', claim.q.jobs, unpack(ids))
  for i, entry in ipairs(read) do
    if hand(claim, stream, entry[1], entry[2], ids[i] ~= '' and ids[i] or nil, values[i]) then
      over[#over + 1] = entry[1]
    end
  end
  drop(claim, stream, over)
end

-- Takes up to `most` runs from a stream; answers whether the stream is known to be empty.
local function take(claim, stream, most)
  local goal = claim.left - most
  while claim.left > goal and not claim.full do
    local ask = math.min(claim.left - goal, claim.entries, claim.step)
    if ask < 1 then
      claim.more = true
      return false
    end
    local read = readNew(claim.q, stream, claim.consumer, ask)
    if #read == 0 then return true end
    claim.entries = claim.entries - #read
    handAll(claim, stream, read)
    if #read < ask then return true end
  end
  return false
end

-- Takes the run of a job that has just got its entry in `returned`.
local function takeEntered(claim, id, h, inline, line, limits)
  local read, entry = readNew(claim.q, 'returned', claim.consumer, 1), h.entry
  if read[1] and read[1][1] == entry then
    count(claim.tally, WAITING.returned, -1)
    if give(claim, 'returned', entry, id, h, inline, line, limits) then drop(claim, 'returned', { entry }) end
  else
    -- Another run was before it there.
    claim.more = true
    handAll(claim, 'returned', read)
  end
end

-- A job of a fair queue is taken from its lane. The level's virtual time is never behind the place that is served; many jobs have
-- the same one, so it is read once a call.
local function takeTurn(claim, reason, h, rank, turn)
  local times, turns = claim.times, claim.q.turns
  times[rank] = times[rank] or tonumber(redis.call('HGET', turns, rank) or 0)
  if turn > times[rank] then
    times[rank] = turn
    redis.call('HSET', turns, rank, whole(turn))
  end
  forgetTurn(claim.q, h)
  if reason ~= 'fair' then redis.call('HSET', turns, timeOf(reason, rank), whole(h.place or 0)) end
end

-- Looks at the first job of an open lane. If a limit stops it the lane stalls, or the job goes to the lane where its limits are now;
-- else it is taken: the run's entry is made and delivered in one step.
local function takeHead(claim, reason, rank, turn)
  local q, config, now = claim.q, claim.config, claim.now
  local from, to = laneOf(reason, rank)
  local two = redis.call('ZRANGEBYLEX', q.parked, from, to, 'LIMIT', 0, 2)
  local member, behind = two[1], two[2]
  if not member then
    openLane(q, config, reason, rank)
    return passOn(q, config, reason, now)
  end
  local id = member:match('^[^%z]*%z%d%z%d+%z(.*)$')
  local value = id and redis.call('HGET', q.jobs, id)
  local h, inline = nil, nil
  if value then h, inline = read(value) end
  if not h or memberOf(id, h) ~= member then
    redis.call('ZREM', q.parked, member)
    if value and not h then buryUnreadable(q, config, id, value, nil, claim.tally) end
    return
  end
  local limits = limitsOf(config, h)
  local blocked, wait = nil, nil
  if limits then blocked, wait = blockedBy(q, limits, now) end
  local home = limits and nameOf(limits)
  if blocked and home == reason then return stall(q, config, reason, rank, blocked, now, wait) end
  redis.call('ZREM', q.parked, member)
  -- Also a queue that is fair no more has turns to forget: a key that keeps one comes late when it is fair again.
  if config.isFair then takeTurn(claim, reason, h, rank, turn) else forgetTurn(q, h) end
  -- Older jobs of the same limits go first.
  if blocked or reason == 'fair' and home and headOf(q, home, rank) then
    stop(claim, id, h, inline, limits, blocked, wait)
  else
    local since = h.runAt or h.enqueuedAt
    enter(q, id, h, 'returned', now, claim.tally)
    if since ~= now then h.runAt = since end
    takeEntered(claim, id, h, inline, write(q, id, h, inline), limits)
  end
  if not behind then
    openLane(q, config, reason, rank)
    return passOn(q, config, reason, now)
  end
  -- All jobs of a limit's lane have these limits: the next one need not be looked at when there is no more room.
  blocked = nil
  if home == reason then blocked, wait = blockedBy(q, limits, now) end
  if blocked then return stall(q, config, reason, rank, blocked, now, wait) end
  listOpen(q, config, reason, rank, behind, true)
end

-- Divides `want` claims among the open levels by smooth weighted round robin; the credits carry over between calls.
local function divide(before, weights, open, want)
  local quota, credits = {}, { high = before.high, normal = before.normal, low = before.low }
  for _ = 1, want do
    local best, total = nil, 0
    for _, level in ipairs(SHARED) do
      if open[level] then
        credits[level] = credits[level] + weights[level]
        total = total + weights[level]
        if not best or credits[level] > credits[best] then best = level end
      end
    end
    if not best then break end
    credits[best] = credits[best] - total
    quota[best] = (quota[best] or 0) + 1
  end
  return quota
end

-- Charges what was really claimed, among the levels that are still open: the sum that `divide` comes to, step by step. A level
-- that was found empty leaves no trace in the shares of the others, and its own credit is forgotten.
local function charge(credits, weights, open, taken)
  local sum, total = 0, 0
  for _, level in ipairs(SHARED) do
    if open[level] then sum, total = sum + (taken[level] or 0), total + weights[level] end
  end
  for _, level in ipairs(SHARED) do
    credits[level] = open[level] and credits[level] + sum * weights[level] - (taken[level] or 0) * total or 0
  end
end

local function threeNumbers(text)
  local values, i = { high = 0, normal = 0, low = 0 }, 0
  for number in (text or ''):gmatch('-?%d+') do
    i = i + 1
    if SHARED[i] then values[SHARED[i]] = tonumber(number) end
  end
  return values
end

-- Takes up to `most` runs from the open lanes of a level; answers whether none is left there.
local function takeLanes(claim, rank, most)
  local q, config, now, goal = claim.q, claim.config, claim.now, claim.left - most
  if not hasOpen(q, config) then return true end
  local from, to = whole(rank * LEVEL), whole(rank * LEVEL + NUMBERS)
  while claim.left > goal and not claim.full do
    local lane = redis.call('ZRANGEBYSCORE', q.open, from, to, 'WITHSCORES', 'LIMIT', 0, 1)
    if not lane[1] then return true end
    if claim.looks < 1 then
      claim.more = true
      return false
    end
    claim.looks = claim.looks - 1
    takeHead(claim, lane[1]:sub(3), rank, lane[2] - rank * LEVEL)
  end
  return false
end

-- Claims from one level, its open lanes first: who waits there was met by a claim before those in the stream. In a fair queue
-- the stream only feeds the lanes. Answers whether the level is known to be empty.
local function takeLevel(claim, level, most)
  local goal = claim.left - most
  if claim.config.isFair then
    local isEmpty = take(claim, level, most)
    return takeLanes(claim, RANK[level], claim.left - goal) and isEmpty
  end
  local isEmpty = takeLanes(claim, RANK[level], most)
  if claim.left > goal then return take(claim, level, claim.left - goal) and isEmpty end
  return false
end

-- Whether a level may have something to claim. A look is cheaper than a read, and most levels of most queues are empty. Runs are in
-- the stream too, so a level that has none here has nothing.
local function hasSome(claim, level)
  return redis.call('XLEN', claim.q[level]) > 0 or hasOpen(claim.q, claim.config)
end

-- Claims by weight. An empty level's share goes to the rest at once and is not saved up.
local function takeByWeight(claim)
  local q, weights = claim.q, threeNumbers(claim.config.weights)
  local credits = threeNumbers(redis.call('HGET', q.stats, 'credits') or '')
  local open = {}
  for _, level in ipairs(SHARED) do open[level] = hasSome(claim, level) end
  charge(credits, weights, open, {})
  while claim.left > 0 and not claim.full and not claim.more and (open.high or open.normal or open.low) do
    local quota, taken = divide(credits, weights, open, claim.left), {}
    for _, level in ipairs(SHARED) do
      if quota[level] and not claim.full then
        local before = claim.left
        if takeLevel(claim, level, quota[level]) then open[level] = false end
        taken[level] = before - claim.left
      end
    end
    charge(credits, weights, open, taken)
  end
  redis.call('HSET', q.stats, 'credits', credits.high .. ' ' .. credits.normal .. ' ' .. credits.low)
end

-- Claims up to `want` runs: returned ones, critical ones, then the others by weight, or in strict order.
local function claimRuns(claim)
  local q = claim.q
  if redis.call('XLEN', q.returned) > 0 then take(claim, 'returned', claim.left) end
  for _, level in ipairs(claim.config.isStrict and LEVELS or { 'critical' }) do
    if claim.left > 0 and not claim.full and hasSome(claim, level) then takeLevel(claim, level, claim.left) end
  end
  if claim.left > 0 and not claim.full and not claim.config.isStrict then takeByWeight(claim) end
  -- A lane may open at a level that was looked at before.
  if claim.left > 0 and (claim.entries < 1 or hasOpen(q, claim.config)) then claim.more = true end
end
