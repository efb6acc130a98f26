-- The invariants of a queue, counted, and mended if asked to. Section by section, a page a call; a cursor names both.

local CHECKED = 1000            -- what one call looks at, about
local COUNTED = 10000           -- jobs of a queue up to which its counters are compared: that takes one look at all of them, and
                                -- their headers must be small, or reading them would block Redis

-- A check under way. `found` takes the mending, which is done only in a repair.
local function newCheck(q, isRepair)
  local check = { q = q, config = configOf(q), now = clock(), tally = {}, looked = 0, reply = { '0', '0' } }
  function check.found(code, subject, fact, mend)
    if isRepair and mend then mend() end
    for _, word in ipairs({ code, subject, fact, isRepair and mend and 'mended' or 'found' }) do
      check.reply[#check.reply + 1] = word
    end
  end
  return check
end

-- Whether an entry is a run, or will be read. One that was handed out and is not pending, because somebody acknowledged it by hand or
-- a function failed after that, is never met again.
local function isAlive(q, stream, entry)
  local pending = redis.pcall('XPENDING', q[stream], GROUP, entry, entry, 1)
  return pending.err or pending[1] or redis.call('XRANGE', q[stream], '(' .. lastDelivered(q, stream), entry, 'COUNT', 1)[1]
end

-- The places of a job, as words.
local function placesOf(q, id, h)
  local places = {}
  local function at(place, is) if is then places[#places + 1] = place end end
  at('dead', redis.call('ZSCORE', q.dead, id))
  at('delayed', redis.call('ZSCORE', q.delayed, id))
  at('parked', redis.call('ZSCORE', q.parked, memberOf(id, h)))
  local entry = h.entry and redis.call('XRANGE', q[streamOf(h)], h.entry, h.entry)[1]
  -- A plain XADD has no id in its entry; its job's id is made of it.
  at('stream', entry and (idOf(entry[2]) or streamOf(h) .. '-' .. h.entry) == id and isAlive(q, streamOf(h), h.entry))
  return places
end

local function forgetPlaces(q, id, h, keep)
  if keep ~= 'dead' then redis.call('ZREM', q.dead, id) end
  if keep ~= 'delayed' then redis.call('ZREM', q.delayed, id) end
  if keep ~= 'parked' then unpark(q, id, h) end
end

local function checkJob(check, id, value)
  local q, tally = check.q, check.tally
  local h, inline = read(value)
  if not h then
    check.found('unreadable', id, 'its header cannot be read', function()
      -- A dead letter was counted when it died.
      local isDead = redis.call('ZREM', q.dead, id) == 1
      redis.call('ZREM', q.delayed, id)
      buryUnreadable(q, check.config, id, value, nil, isDead and {} or tally)
    end)
    return
  end
  local places = placesOf(q, id, h)
  if #places == 0 then
    check.found('nowhere', id, 'it is in no stream and no list; it goes back to its level', function()
      leave(h)
      h.parked, h.place = nil, nil
      ready(q, check.config, id, h, check.now, tally)
      write(q, id, h, inline)
      ring(q)
    end)
  elseif #places > 1 then
    local keep = places[#places]
    check.found('twice', id, 'it is ' .. table.concat(places, ' and ') .. '; it stays ' .. keep, function()
      forgetPlaces(q, id, h, keep)
    end)
  end
  if not inline and redis.call('HEXISTS', q.bodies, id) == 0 then
    check.found('bodiless', id, 'its payload is missing; the claim that meets it buries it')
  end
  if h.unique and places[1] ~= 'dead' and h.scope ~= 'until-started' and not h.cancel then
    local holder = holderOf(q, h.unique, check.now)
    if holder ~= id then
      check.found('unheld', id, 'its unique key is held by ' .. (holder or 'nobody'), not holder and function()
        hold(q, h.unique, id, check.now + (h.ttl or UNIQUE_TTL))
      end or nil)
    end
  end
end

-- Looks at a page of a hash or sorted set with `see(member, value)`; answers the next cursor, nil at the end. A header of many KiB
-- counts as many.
local function scan(check, command, key, cursor, see)
  local page = redis.call(command, key, cursor, 'COUNT', CALL_JOBS)
  for i = 1, #page[2], 2 do
    see(page[2][i], page[2][i + 1])
    check.looked = check.looked + 1 + math.floor(#page[2][i + 1] / (4 * KIB))
  end
  return page[1] ~= '0' and page[1] or nil
end

-- Members of a list or hash whose job must exist.
local function checkMembers(name, command, erases)
  return function(check, cursor)
    local q = check.q
    return scan(check, command, q[name], cursor, function(member)
      local id = name == 'parked' and (member:match('^[^%z]*%z%d%z%d+%z(.*)$') or '') or member
      local value = redis.call('HGET', q.jobs, id)
      local h = name == 'parked' and value and read(value)
      if not value or h and memberOf(id, h) ~= member then
        check.found('orphan', id, 'it is in ' .. name .. ', and no job of this id belongs there', function()
          redis.call(erases, q[name], member)
        end)
      end
    end)
  end
end

-- A pending entry must be the run of a job.
local function checkRuns(stream)
  return function(check, cursor)
    local q = check.q
    local from = cursor == '0' and '-' or '(' .. cursor
    local pending = redis.pcall('XPENDING', q[stream], GROUP, from, '+', CHECKED)
    if pending.err then return nil end
    for _, run in ipairs(pending) do
      local found = redis.call('XRANGE', q[stream], run[1], run[1])[1]
      local id = found and (idOf(found[2]) or stream .. '-' .. run[1])
      local value = id and redis.call('HGET', q.jobs, id)
      local h = value and read(value)
      if not (h and h.entry == run[1] and streamOf(h) == stream) and not (value and not h) then
        check.found('stray', stream .. ' ' .. run[1], 'it is pending with ' .. run[2] .. ', and is no run of a job', function()
          local name = stream .. ' ' .. run[1]
          if redis.call('XACK', q[stream], GROUP, run[1]) == 1 then giveSlots(q, check.config, name, heldBy(q, { name })[1]) end
          redis.call('XDEL', q[stream], run[1])
        end)
      end
    end
    check.looked = check.looked + #pending
    return #pending == CHECKED and pending[#pending][1] or nil
  end
end

-- Slots must be the sums of what runs hold, and only runs hold some.
local function checkSlots(check)
  local q, sums = check.q, {}
  local holds = redis.call('HGETALL', q.holds)
  for i = 1, #holds, 2 do
    local stream, entry = holds[i]:match('^(%S+) (%S+)$')
    local pending = WAITING[stream or ''] and redis.pcall('XPENDING', q[stream], GROUP, entry, entry, 1) or {}
    if pending.err or not pending[1] then
      check.found('held', holds[i], 'it holds slots and runs no more: ' .. holds[i + 1]:gsub('\n', ' '), function()
        giveSlots(q, check.config, holds[i], holds[i + 1])
      end)
    else
      for name in holds[i + 1]:gmatch('[^\n]+') do sums[name] = (sums[name] or 0) + 1 end
    end
  end
  local slots = redis.call('HGETALL', q.slots)
  for i = 1, #slots, 2 do sums[slots[i]] = sums[slots[i]] or 0 end
  for name, sum in pairs(sums) do
    local slot = redis.call('HGET', q.slots, name) or '0'
    if slot ~= whole(sum) then
      check.found('slots', name, slot .. ' slots are taken, ' .. whole(sum) .. ' runs hold one', function()
        if sum > 0 then redis.call('HSET', q.slots, name, whole(sum)) else redis.call('HDEL', q.slots, name) end
        openNext(q, check.config, name)
      end)
    end
  end
  check.looked = check.looked + #holds / 2
end

-- A lane must be open, or stall for a limit without room.
local function checkLanes(check, cursor)
  local q, config = check.q, check.config
  local from = cursor == '0' and '-' or '[' .. cursor .. '\1'
  for _ = 1, CALL_JOBS do
    local member = redis.call('ZRANGEBYLEX', q.parked, from, '+', 'LIMIT', 0, 1)[1]
    if not member then return nil end
    local reason = member:match('^([^%z]*)%z') or member
    for rank = 0, isHeld(reason) and -1 or 3 do
      if standOf(q, config, reason, rank, check.now) == 'shut' then
        local fact = 'jobs of level ' .. LEVELS[rank + 1] .. ' wait in it, and nothing will let them in'
        check.found('shut', (reason:gsub('\2', ' and ')), fact, function()
          openLane(q, config, reason, rank)
          ring(q)
        end)
      end
    end
    check.looked = check.looked + 1
    from = '[' .. reason .. '\1'
    cursor = reason
  end
  return cursor
end

-- The counters must be what there is. Of a large queue they are not compared; a claim that has seen the end of all streams
-- puts `waiting` right.
local function checkCounters(check)
  local q = check.q
  if redis.call('HLEN', q.jobs) > COUNTED then return end
  local counts, size = { bytes = 0 }, 0
  for _, stream in ipairs(STREAMS) do counts[WAITING[stream]] = 0 end
  local ids = redis.call('HKEYS', q.jobs)
  for _, id in ipairs(ids) do
    local value = redis.call('HGET', q.jobs, id)
    local h, inline = read(value)
    local state = h and stateOf(q, id, h)
    size = size + #value
    if state and state ~= 'dead' then
      counts.bytes = counts.bytes + (inline and #inline or redis.call('HSTRLEN', q.bodies, id))
    end
    if state == 'waiting' and h.entry then counts[WAITING[streamOf(h)]] = counts[WAITING[streamOf(h)]] + 1 end
    -- What cannot be read was counted when it came, and is counted until a claim meets it.
    if not h or size > CALL_BYTES then return end
  end
  for field, sum in pairs(counts) do
    local stat = (redis.call('HGET', q.stats, field) or 0) + (check.tally[field] or 0)
    if stat ~= sum then
      check.found('counter', field, 'it says ' .. whole(stat) .. ', counted are ' .. whole(sum), function()
        redis.call('HSET', q.stats, field, whole(sum - (check.tally[field] or 0)))
      end)
    end
  end
  check.looked = check.looked + #ids
end

local SECTIONS = {
  { 'jobs', function(check, cursor)
    return scan(check, 'HSCAN', check.q.jobs, cursor, function(id, value) checkJob(check, id, value) end)
  end },
  { 'delayed', checkMembers('delayed', 'ZSCAN', 'ZREM') },
  { 'parked', checkMembers('parked', 'ZSCAN', 'ZREM') },
  { 'dead', checkMembers('dead', 'ZSCAN', 'ZREM') },
  { 'bodies', checkMembers('bodies', 'HSCAN', 'HDEL') },
  { 'history', checkMembers('history', 'HSCAN', 'HDEL') },
  { 'returned', checkRuns('returned') }, { 'critical', checkRuns('critical') }, { 'high', checkRuns('high') },
  { 'normal', checkRuns('normal') }, { 'low', checkRuns('low') },
  { 'slots', checkSlots }, { 'lanes', checkLanes }, { 'counters', checkCounters },
}

-- Looks at one page, or at all sections of a small queue; answers the reply of the two functions below.
local function checkPage(q, args, isRepair)
  local at, cursor = 1, '0'
  if args[1] == 'cursor' and args[2] and args[2] ~= '0' then
    local name, rest = args[2]:match('^(%a+) (.+)$')
    at = 0
    for i, section in ipairs(SECTIONS) do if section[1] == name then at, cursor = i, rest end end
  end
  if at == 0 or #args ~= 0 and (#args ~= 2 or args[1] ~= 'cursor') then return fail('INVALID', 'nothing, or cursor and the first word of the reply before, is needed') end
  local check = newCheck(q, isRepair)
  while at <= #SECTIONS and check.looked < CHECKED do
    local next = SECTIONS[at][2](check, cursor)
    if next then cursor = next else at, cursor = at + 1, '0' end
  end
  if isRepair then writeTally(q, check.tally) end
  if SECTIONS[at] then check.reply[1] = SECTIONS[at][1] .. ' ' .. cursor end
  check.reply[2] = whole(check.looked)
  return check.reply
end

-- penstock_check: the invariants of the queue, counted. KEYS queue; ARGV [cursor CURSOR]. Replies the next cursor, 0 at the end, the
-- number of things looked at, and four words for each finding: code, subject, fact, `found`.
register('check', { 'no-writes', 'allow-oom' }, function(q, args) return checkPage(q, args, false) end)

-- penstock_repair: as penstock_check, and mends what it can: such findings end in `mended`.
register('repair', { 'allow-oom' }, function(q, args) return checkPage(q, args, true) end)
