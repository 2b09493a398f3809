#!lua name=countersign_1
-- Everything that the gateway asks of Redis in more than one step, each as one atomic function.
-- A record is the 16 bytes of the commit that wrote it, and then its content, which nothing here
-- reads. The library's name and its functions' names carry a version, so that two releases of the
-- gateway can share a server; a change of meaning is a new number.

local HEAD = 15 -- the last byte of a record's version
local HOUR = 3600000
local MANY = 1000 -- arguments that one call may safely carry

-- The gateway's clock decides what has expired, the server only tidies up. So a record lives an
-- hour longer than it says, and at least an hour even where the two clocks disagree.
local function lifetime(expires)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  return string.format('%.0f', math.max(expires - now, 0) + HOUR)
end

local function each_slice(list, act)
  for first = 1, #list, MANY do
    act(unpack(list, first, math.min(first + MANY - 1, #list)))
  end
end

-- A tag without our mark was emptied behind our back, and what is missing there was never deleted.
local function emptied(key, mark)
  if redis.call('GET', key) ~= mark then
    return redis.error_reply('EMPTIED the mark of this store is gone: what lay here was removed')
  end
end

-- What was committed before is confirmed by WAIT only on a connection that wrote something itself,
-- so where nothing is left to write, this writes: an alarm that nobody has, and takes it back.
local function committed_before(alarms)
  redis.call('ZADD', alarms, 0, '')
  redis.call('ZREM', alarms, '')
  return 1
end

-- Whether what was asked of a tag failed because its slot is not here, or on its way.
local function elsewhere(answer)
  return type(answer) == 'table' and answer.err and string.find(answer.err, 'non local key', 1, true)
end

-- Takes something away. While a slot is on its way, Redis refuses a call's touch of a key that is not
-- there, also where the call itself has just taken away the last of it and the key with it. Half a
-- commit would stand then. So a commit adds before it takes, and what it finds gone was to go.
local function take(...)
  local answer = redis.pcall(...)
  if elsewhere(answer) then return {} end
  if type(answer) == 'table' and answer.err then error(answer) end
  return answer
end

-- KEYS: mark, outbox, alarms, then a key for each expectation, put and delete, and two (order,
-- content) for each entry written, removed or trimmed. ARGV: the mark, the commit's id, how many of
-- each of these six, then for each expectation a version or '', for each put content, alarm, expires
-- and alarm's name, for each delete its alarm's name, for each entry its member and, where written,
-- its content; events.
local function commit(keys, args)
  local gone = emptied(keys[1], args[1])
  if gone then return gone end
  local outbox, alarms, id = keys[2], keys[3], args[2]
  local expects, puts, deletes = tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  local enters, removes, trims = tonumber(args[6]), tonumber(args[7]), tonumber(args[8])
  local k, a = 3, 8

  local seen, conflict = {}, false
  for i = 1, expects do
    local version = redis.call('GETRANGE', keys[k + i], 0, HEAD)
    if version == id then return committed_before(alarms) end
    if version ~= args[a + i] then conflict = true end
    seen[keys[k + i]] = true
  end
  k, a = k + expects, a + expects
  for i = 1, puts do
    local key = keys[k + i]
    if not seen[key] and redis.call('GETRANGE', key, 0, HEAD) == id then return committed_before(alarms) end
  end
  if conflict then return 0 end
  if puts + deletes + enters + removes + trims == 0 and #args == a then return committed_before(alarms) end

  local silent = {}
  for i = 1, puts do
    local content, alarm, expires, name = args[a + 1], args[a + 2], args[a + 3], args[a + 4]
    if expires == '' then
      redis.call('SET', keys[k + i], id .. content)
    else
      redis.call('SET', keys[k + i], id .. content, 'PX', lifetime(tonumber(expires)))
    end
    if alarm == '' then
      silent[#silent + 1] = name
    else
      redis.call('ZADD', alarms, alarm, name)
    end
    a = a + 4
  end
  k = k + puts
  for i = 1, deletes do
    redis.call('DEL', keys[k + i])
    silent[#silent + 1] = args[a + i]
  end
  k, a = k + deletes, a + deletes
  each_slice(silent, function(...)
    take('ZREM', alarms, ...)
  end)
  for _ = 1, enters do
    redis.call('ZADD', keys[k + 1], 0, args[a + 1])
    redis.call('HSET', keys[k + 2], args[a + 1], args[a + 2])
    k, a = k + 2, a + 2
  end
  for _ = 1, removes do
    take('ZREM', keys[k + 1], args[a + 1])
    take('HDEL', keys[k + 2], args[a + 1])
    k, a = k + 2, a + 1
  end
  for _ = 1, trims do
    local order, content, upto = keys[k + 1], keys[k + 2], '[' .. args[a + 1]
    each_slice(take('ZRANGE', order, '-', upto, 'BYLEX'), function(...)
      take('HDEL', content, ...)
    end)
    take('ZREMRANGEBYLEX', order, '-', upto)
    k, a = k + 2, a + 1
  end
  for i = a + 1, #args do
    redis.call('XADD', outbox, '*', 'e', args[i])
  end
  return 1
end

-- ARGV: now, the lease's end, how many, then what the keys of each tag begin with. Gives names of
-- alarms, and how many tags were passed over because they are not here. The lease is the alarm
-- itself, moved on: whoever puts the record meanwhile sets it anew.
local function due(_, args)
  local now, lease, limit = args[1], args[2], tonumber(args[3])
  local found, away = {}, 0
  for i = 4, #args do
    if #found >= limit then break end
    local alarms = args[i] .. 'alarms'
    local names = redis.pcall('ZRANGE', alarms, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit - #found)
    if elsewhere(names) then
      away, names = away + 1, {}
    end
    if names.err then return names end
    for _, name in ipairs(names) do
      local there = redis.pcall('EXISTS', args[i] .. 'r:' .. string.sub(name, 4))
      if there == 1 then
        redis.call('ZADD', alarms, lease, name)
        found[#found + 1] = name
      elseif there == 0 then
        -- The server has tidied the record away, long after it expired.
        redis.call('ZREM', alarms, name)
      end
    end
  end
  return { found, away }
end

-- ARGV: how many, then what the keys of each tag begin with. Gives the tag's place among them, the
-- event's id and its content, one after another; and how many tags are not here.
local function outbox(_, args)
  local room = tonumber(args[1])
  local found, away = {}, 0
  for i = 2, #args do
    if room <= 0 then break end
    local events = redis.pcall('XRANGE', args[i] .. 'outbox', '-', '+', 'COUNT', room)
    if elsewhere(events) then
      away, events = away + 1, {}
    end
    if events.err then return events end
    for _, event in ipairs(events) do
      found[#found + 1] = i - 2
      found[#found + 1] = event[1]
      found[#found + 1] = event[2][2]
      room = room - 1
    end
  end
  return { found, away }
end

-- KEYS: mark, order, content. ARGV: the mark, 'rising' or 'falling', how many, and where it goes on
-- the last member.
local function list(keys, args)
  local gone = emptied(keys[1], args[1])
  if gone then return gone end
  local from = args[4] and '(' .. args[4]
  local members
  if args[2] == 'rising' then
    members = redis.call('ZRANGE', keys[2], from or '-', '+', 'BYLEX', 'LIMIT', 0, args[3])
  else
    members = redis.call('ZRANGE', keys[2], from or '+', '-', 'BYLEX', 'REV', 'LIMIT', 0, args[3])
  end
  local found = {}
  each_slice(members, function(...)
    for i, content in ipairs(redis.call('HMGET', keys[3], ...)) do
      if not content then
        return
      end
      found[#found + 1] = (select(i, ...))
      found[#found + 1] = content
    end
  end)
  if #found ~= 2 * #members then
    return redis.error_reply('DAMAGED an entry of an index has no content')
  end
  return found
end

-- ARGV: the mark, then what the keys of each tag begin with. Refused by the server whenever it would
-- refuse a commit.
local function ping(_, args)
  for i = 2, #args do
    local gone = emptied(args[i] .. 'mark', args[1])
    if gone then return gone end
  end
  return 1
end

-- KEYS: mark. ARGV: a mark, and what takes its place ('': the time at which it did). Gives the mark
-- as it is then, '' for none.
local function mark(keys, args)
  local now, to = redis.call('GET', keys[1]) or '', args[2]
  if now ~= args[1] then return now end
  if to == '' then
    local time = redis.call('TIME')
    to = time[1] .. '.' .. time[2]
  end
  redis.call('SET', keys[1], to)
  return to
end

local reads, across, reads_across = { 'no-writes' }, { 'allow-cross-slot-keys' }, { 'no-writes', 'allow-cross-slot-keys' }
redis.register_function('countersign_1_commit', commit)
redis.register_function('countersign_1_mark', mark)
redis.register_function { function_name = 'countersign_1_list', callback = list, flags = reads }
redis.register_function { function_name = 'countersign_1_due', callback = due, flags = across }
redis.register_function { function_name = 'countersign_1_outbox', callback = outbox, flags = reads_across }
redis.register_function { function_name = 'countersign_1_ping', callback = ping, flags = across }
