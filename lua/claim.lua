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
  if not isTaken then count(tally, WAITING[stream]) end
  return id, inline and line .. '\n' .. inline or line
end

-- The state of one claim: what it may still take, what it has.
local function newClaim(q, config, consumer, want, now, tally)
  return {
    q = q, config = config, consumer = consumer, left = want, now = now, tally = tally,
    -- Where payloads may be large, few entries are read at a time, so that few have to go to `returned`.
    step = redis.call('EXISTS', q.bodies) == 1 and 4 or CALL_ENTRIES, entries = CALL_ENTRIES, bytes = 0, full = false, more = false, jobs = {},
  }
end

-- Judges one delivered entry: hands the run out, or answers true when the entry is over.
local function hand(claim, stream, entry, fields, id, value)
  local q, tally = claim.q, claim.tally
  if not id then
    id, value = adopt(q, stream, entry, fields, claim.now, tally)
    -- It may have been given an entry of its own, behind what this claim sees.
    if id and id ~= stream .. '-' .. entry then claim.more = true end
    if not id then
      buryUnreadable(q, claim.config, stream .. '-' .. entry, table.concat(fields, ' '), false, tally)
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
  local size = inline and #inline or redis.call('HSTRLEN', q.bodies, id)
  if claim.full or #claim.jobs > 0 and claim.bytes + size > CALL_BYTES then
    claim.full, claim.more = true, true
    enter(q, id, h, 'returned', claim.now, tally)
    write(q, id, h, inline)
    return true
  end
  local payload = payloadOf(q, id, inline)
  if not payload then
    buryUnreadable(q, claim.config, id, value, false, tally)
    return true
  end
  claim.bytes, claim.left = claim.bytes + size, claim.left - 1
  local jobs, at = claim.jobs, #claim.jobs
  jobs[at + 1], jobs[at + 2], jobs[at + 3], jobs[at + 4], jobs[at + 5] = stream, entry, id, line, payload
  return false
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
    local ids, over = {}, {}
    for i, entry in ipairs(read) do ids[i] = idOf(entry[2]) or '' end
    local values = redis.call('HMGET', claim.q.jobs, unpack(ids))
    for i, entry in ipairs(read) do
      if hand(claim, stream, entry[1], entry[2], ids[i] ~= '' and ids[i] or nil, values[i]) then
        over[#over + 1] = entry[1]
      end
    end
    if #over > 0 then
      redis.call('XACK', claim.q[stream], GROUP, unpack(over))
      erase(claim.q[stream], GROUP, over)
    end
    if #read < ask then return true end
  end
  return false
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

-- Claims up to `want` runs: returned ones, critical ones, then the others by weight. An empty level's share goes to the
-- rest at once and is not saved up.
local function claimRuns(claim)
  for _, stream in ipairs({ 'returned', 'critical' }) do
    if claim.left > 0 and not claim.full then take(claim, stream, claim.left) end
  end
  if claim.left == 0 or claim.full then return end
  local q, weights = claim.q, threeNumbers(claim.config.weights)
  local credits = threeNumbers(redis.call('HGET', q.stats, 'credits') or '')
  local open = { high = true, normal = true, low = true }
  while claim.left > 0 and not claim.full and (open.high or open.normal or open.low) and claim.entries > 0 do
    local quota, taken = divide(credits, weights, open, claim.left), {}
    for _, level in ipairs(SHARED) do
      if quota[level] and not claim.full then
        local before = claim.left
        if take(claim, level, quota[level]) then open[level] = false end
        taken[level] = before - claim.left
      end
    end
    charge(credits, weights, open, taken)
  end
  if claim.left > 0 and claim.entries < 1 then claim.more = true end
  redis.call('HSET', q.stats, 'credits', credits.high .. ' ' .. credits.normal .. ' ' .. credits.low)
end
