-- Penstock: the queue's transitions, each one atomic function. This file: versions, limits, key names, small tools.

-- VERSION rises with every change of behaviour; a process never replaces a newer library by its own.
-- COMPATIBLE is the oldest VERSION whose processes this library still serves.
local VERSION, COMPATIBLE = 4, 2

local GROUP, SINK = 'workers', 'sink'
local LEVELS = { 'critical', 'high', 'normal', 'low' }
local SHARED = { 'high', 'normal', 'low' }
local STREAMS = { 'returned', 'critical', 'high', 'normal', 'low' }
local WAITING = {             -- fields of `stats`: entries of a stream that wait
  returned = 'waiting:returned', critical = 'waiting:critical', high = 'waiting:high', normal = 'waiting:normal',
  low = 'waiting:low',
}
local RANK = { critical = 0, high = 1, normal = 2, low = 3 }

local KIB, MIB = 1024, 1048576
local INLINE = KIB              -- payloads up to this live beside the header: one read less a job
local CALL_BYTES = 4 * MIB      -- payload a claim hands out: bounds the reply, and the time Redis spends on it
local EVENT_BYTES = 8 * MIB     -- payload the sink reads at once
local PAYLOAD_BYTES = 25 * MIB  -- GitHub's own limit for a delivery
local ERROR_BYTES = 4 * KIB     -- of an error's text; the header carries it
local HISTORY = 10              -- errors kept of a failing job
local CALL_JOBS = 100           -- jobs a call: keeps a function near a millisecond
local CALL_EVENTS = 1000
local CALL_DUE = 200            -- due jobs promoted a call
local CALL_ENTRIES = 200        -- entries a claim looks at, stale ones included: a mass cancel must not block Redis
local NUMBERS = 1e14            -- all integers are below; cjson and Lua write 14 digits
local CRASHES = 3               -- runs that may vanish with their worker before the job is a poison pill
local UNIQUE_TTL = 86400000     -- ms; one day, the longest that webhook senders commonly retry
local UNRECORDED = 10000        -- events kept (about) while nobody records them
local EVENT_IDLE = 30000        -- ms after which another sink takes over what one has read and not recorded
local TIDY_EVERY = 60000        -- ms between looks for dead consumers
local CONSUMER_IDLE = 3600000   -- ms after which a consumer with nothing pending is forgotten
local DEFAULTS = {
  lease = 30000,                -- ms a worker may be silent before its runs are given to others
  weights = '6:3:1',            -- claims of high, normal and low while all three wait
  policy = 'weighted',          -- or `strict`: no lower level while a higher one waits
  fair = 'no',                  -- `yes`: the keys of a level take turns
  maxLength = 0,                -- jobs that are not dead; 0 is no limit
  maxBytes = 0,                 -- of their payloads; 0 is no limit
  refuse = 'critical',          -- a full queue refuses jobs of this level and below
  retention = 7776000000,       -- ms a dead letter is kept, 90 days; 0 is for ever
  maxEvents = 1000000,          -- unrecorded events at which claims stop
}

-- The keys of a queue, the only place that spells them. They are cached: building them costs more than using them.
--   returned critical high normal low   stream, group `workers`: an entry (field `id`) a run that waits or runs
--   jobs           hash id -> header, then a newline and the payload if it is small
--   bodies         hash id -> payload, if it is not
--   delayed dead   zset id, ms: due time, time of death
--   parked         zset, lexicographic: reason\0rank\0place\0id; see lanes.lua
--   open           zset of the lanes in it that a claim looks at, rank\0reason; by level, then by place
--   stalled        zset, lexicographic, of the lanes that wait for a limit: limit\0rank\0reason
--   turns          hash: the lane of a limit that was last let in; in fair queues virtual times, of levels and of keys
--   slots          hash limit -> running; holds: hash run -> the limits whose slots it has
--   rates          zset limit, theoretical arrival time (GCRA) in us; gates: zset limit, ms when it lets the next one in
--   history        hash id -> what went wrong, a line of JSON each; failing jobs only
--   unique         hash dedupe key -> "expiry state id"; unique:expiry (zset) lets the sweep free memory
--   bell           zset of one member: the doorbell
--   events         stream, group `sink`
--   config stats   hash
local NAMES = {
  'returned', 'critical', 'high', 'normal', 'low', 'jobs', 'bodies', 'delayed', 'parked', 'open', 'stalled', 'turns', 'slots', 'holds',
  'rates', 'gates', 'dead', 'history', 'unique', 'unique:expiry', 'bell', 'events', 'config', 'stats',
}
local known, knownCount = {}, 0

local function queueOf(name)
  local q = known[name]
  if q then return q end
  if #name < 1 or #name > 128 or name:find('[^%w._/-]') then return nil end
  if knownCount >= 1000 then known, knownCount = {}, 0 end
  q = { name = name }
  for _, key in ipairs(NAMES) do q[key] = 'penstock:{' .. name .. '}:' .. key end
  known[name], knownCount = q, knownCount + 1
  return q
end

local function fail(code, text) return redis.error_reply(code .. ' ' .. text) end

-- Registers penstock_NAME; the callback gets the queue's keys and the arguments.
local function register(name, flags, callback, description)
  redis.register_function{
    function_name = 'penstock_' .. name,
    description = description,
    flags = flags,
    callback = function(keys, args)
      local q = #keys == 1 and queueOf(keys[1])
      if not q then
        return fail('INVALID', 'one key is needed, the name of a queue: 1 to 128 of A-Z a-z 0-9 . _ / -')
      end
      return callback(q, args)
    end,
  }
end

-- Milliseconds since 1970 by the server's clock, the only one that counts.
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- The integer in `text`, or nil unless it is one between `low` and `high`.
local function integer(text, low, high)
  if type(text) ~= 'string' or #text > 15 or not text:find('^%d+$') then return nil end
  local number = tonumber(text)
  return number >= low and number <= high and number or nil
end

local function printable(text, most)
  return #text >= 1 and #text <= most and not text:find('[%z\1-\31\127]')
end

-- A wrong value for a person to recognise, in ASCII: a reply must be readable for every client. Of a long one the length: what is
-- long may be a payload.
local function shown(text)
  return #text > 40 and #text .. ' bytes' or '"' .. text:gsub('[%z\1-\31\127-\255]', '?') .. '"'
end

-- Integers up to 2^53. What Lua itself writes has an exponent from 1e14 on, and takes three times as long.
local function whole(number) return string.format('%d', number) end

-- The same of a call's time, which many of its steps write.
local stamped, stamp = nil, nil
local function stampOf(now)
  if now ~= stamped then stamped, stamp = now, whole(now) end
  return stamp
end

-- Adds up changes of `stats` during a call and writes them at its end, one command a field.
local function count(tally, field, by) tally[field] = (tally[field] or 0) + (by or 1) end

local function writeTally(q, tally)
  for field, by in pairs(tally) do
    if by ~= 0 then redis.call('HINCRBY', q.stats, field, by) end
  end
end

-- Wakes one idle worker. Ringing twice is ringing once.
local function ring(q) redis.call('ZADD', q.bell, 0, 'ring') end

register('version', { 'no-writes', 'allow-oom' }, function() return { whole(VERSION), whole(COMPATIBLE) } end,
  'version ' .. VERSION .. ' compatible ' .. COMPATIBLE)
