-- Why a job does not run: one sentence for a person.

-- Jobs that will be claimed before this one at its level, up to 1,000; nil if there are more.
local function aheadOf(q, h)
  local stream = streamOf(h)
  local ahead = 0
  local entries = redis.call('XRANGE', q[stream], '(' .. lastDelivered(q, stream), '(' .. h.entry, 'COUNT', 1001)
  if #entries > 1000 then return nil end
  for _, entry in ipairs(entries) do
    local id = idOf(entry[2])
    local value = id and redis.call('HGET', q.jobs, id)
    local other = value and read(value)
    if not id or other and other.entry == entry[1] and streamOf(other) == stream then ahead = ahead + 1 end
  end
  return ahead
end

local function seconds(ms)
  if ms < 1000 then return whole(math.max(0, ms)) .. ' ms' end
  return string.format(ms < 60000 and '%.1f s' or '%.0f s', ms / 1000)
end

-- A number with its noun: `1 job`, `2 jobs`.
local function counted(n, noun)
  return whole(n) .. ' ' .. noun .. (tonumber(n) == 1 and '' or 's')
end

-- What a limit is and when it lets the next one in; the second part is nil if only another run's end does.
local function sayLimit(q, config, name, now)
  local kind, scope, of = name:match('^(%a+):?(%a*):?(.*)$')
  local whose = scope == 'key' and 'its key ' .. of or scope == 'type' and 'its type ' .. of or 'the queue'
  if kind == 'singleton' then return 'an earlier job of its unique key still runs; it starts when that run ends' end
  if kind == 'paused' then return whose .. ' is paused; resume it' end
  local limit = limitNamed(config, name)
  local room, wait = roomOf(q, name, limit, now)
  if kind == 'rate' then
    return 'the rate of ' .. whose .. ' is used up' .. (wait and '; the next start is in ' .. seconds(wait) or '')
  end
  return whose .. ' has ' .. counted(redis.call('HGET', q.slots, name) or 0, 'run') .. ' of at most '
    .. (type(limit) == 'number' and whole(limit) or 'any number') .. '; one starts when one of them ends'
end

-- What holds back every job of the queue, or nil.
local function sayQueue(q, config, now)
  local held = heldBack(q, config)
  if held == 'paused' then return 'the queue is paused; resume it' end
  if held then return 'the queue has ' .. counted(config.maxEvents, 'unrecorded event') .. ', its bound: start a sink, or look at Postgres' end
  local own = config.limits and config.limits.queue or {}
  for _, name in ipairs({ 'concurrency', 'rate' }) do
    if own[name] and roomOf(q, name, own[name], now) == 0 then return sayLimit(q, config, name, now) end
  end
end

-- What holds back this job, or nil: all of the queue, or each limit of its own that has no room.
local function sayStop(q, config, h, now)
  local ofAll = sayQueue(q, config, now)
  if ofAll then return ofAll end
  local list, said = limitsOf(config, h) or {}, {}
  for i = 1, #list, 2 do
    if not OF_QUEUE[list[i]] and roomOf(q, list[i], list[i + 1], now) == 0 then
      said[#said + 1] = sayLimit(q, config, list[i], now)
    end
  end
  return said[1] and table.concat(said, '; and ')
end

-- The sentence about a job in each state; and `claim` if nothing but a worker that claims is missing.
local SAY = {}

function SAY.dead(q, config, id, h, died, now)
  return 'is dead since ' .. seconds(now - died) .. ': ' .. (h.lastError or 'no error is known') .. '; requeue or resolve it'
end

function SAY.delayed(q, config, id, h, due, now)
  local reason = h.snoozes and 'was snoozed' or h.attempt and 'waits for attempt ' .. whole(h.attempt + 1) or 'is delayed'
  reason = reason .. ' at level ' .. levelOf(h)
  if tonumber(due) <= now then return reason .. ' and is due; the next claim or sweep lets it in' end
  return reason .. ', due in ' .. seconds(due - now) .. ' (at ' .. due .. ')' .. (config.paused and '; the queue is paused' or '')
    .. (h.attempt and h.lastError and ', after: ' .. h.lastError:sub(1, 200) or '')
end

function SAY.running(q, config, id, h, pending, now)
  return 'runs at level ' .. levelOf(h) .. (h.cancel and ', its cancellation asked for,' or '') .. ' on ' .. pending[2] .. ' for '
    .. seconds(now - startOf(pending, now)) .. ', attempt ' .. whole((h.attempt or 0) + 1)
    .. '; its lease was renewed ' .. seconds(pending[3]) .. ' ago'
end

function SAY.parked(q, config, id, h, _, now)
  local reason = reasonOf(h)
  local target = reason:match('^moving:(.*)$')
  if target then return 'is on its way to queue ' .. target .. '; repeat the move; move it back with a delay of 0 only if that queue has no such job' end
  if reason:find('^type:') then return 'is parked: no worker runs its type ' .. h.type .. '; start one' end
  local rank = RANK[levelOf(h)]
  local before = redis.call('ZLEXCOUNT', q.parked, laneOf(reason, rank), '(' .. memberOf(id, h))
  local stop = sayStop(q, config, h, now)
  return 'is parked at level ' .. levelOf(h) .. ', ' .. counted(before, 'job') .. ' of its lane before it: '
    .. (stop or 'its limits have room, the next claim looks at it'), not stop and 'claim' or nil
end

function SAY.waiting(q, config, id, h, _, now)
  local level, ahead = levelOf(h), nil
  if h.entry then
    ahead = aheadOf(q, h)
    if h.stream then level = 'returned' end
  else
    ahead = redis.call('ZLEXCOUNT', q.parked, laneOf('fair', RANK[level]), '(' .. memberOf(id, h))
  end
  local text = 'waits at level ' .. level .. ', ' .. (ahead and counted(ahead, 'job') or 'more than 1000 jobs') .. ' of it before this one'
  local stop = sayStop(q, config, h, now)
  if stop then return text .. ': ' .. stop end
  return text .. '; a worker with a free slot claims it', 'claim'
end

-- penstock_why: one sentence that says where a job is and what it waits for; and the word `claim` if that is a worker. KEYS queue;
-- ARGV id. Error: UNKNOWN.
register('why', { 'no-writes', 'allow-oom' }, function(q, args)
  local id = args[1] or ''
  local value = redis.call('HGET', q.jobs, id)
  if not value then
    return fail('UNKNOWN', 'queue ' .. q.name .. ' has no live or dead job ' .. id:sub(1, 128) .. '; ended jobs are in Postgres')
  end
  local h = read(value)
  if not h then return { 'job ' .. id .. ' cannot be read; the next claim that meets it buries it' } end
  local state, detail = stateOf(q, id, h)
  local sentence, lack = SAY[state](q, configOf(q), id, h, detail, clock())
  return { 'job ' .. id .. ' ' .. sentence, lack }
end)
