-- A lock's record is text. Its fields have fixed positions, so that one is read by cutting it out.
--   1      'h' owned, held while more than the lock delay is left of the key's expiry; 'c' closed
--   2-20   token
--   h: 21-36 acquired at, in us; 37-44 ttl and 45-50 lock delay, in ms; 51 mode
--   c: 21-36 the replica that the lock is reserved for, or dashes; 37-51 dashes
--   52-54  number of replicas in the queue; from 55 on their ids, 16 characters each, oldest first
--   then   h: claim id, a space, the claimant; c: the reason of a forced release, or nothing
-- When the key expires, any claim may take the lock.

-- True if this version can read the fixed fields. A later version may have another letter, or
-- another mode than X.
local function is_readable(v)
  if string.byte(v) == 104 then
    local _, last = string.find(v, '^h%d+X%d%d%d')
    return last == 54
  end
  return string.find(v, '^c%d+') ~= nil and string.find(v, '^%d%d%d', 52) ~= nil
end

-- Returns the lock's record, or nothing. 'U' if it cannot be read: then nothing is changed.
local function stored(key)
  local v = redis.pcall('GET', key)
  if v and (type(v) ~= 'string' or not is_readable(v)) then
    return 'U'
  end
  return v
end

local function ids(v)
  return string.sub(v, 55, 54 + 16 * tonumber(string.sub(v, 52, 54)))
end

local function line(waiting)
  return string.format('%03d', #waiting / 16) .. waiting
end

local function without(waiting, id)
  for i = 1, #waiting, 16 do
    if string.sub(waiting, i, i + 15) == id then
      return string.sub(waiting, 1, i - 1) .. string.sub(waiting, i + 16)
    end
  end
  return waiting
end

local function with(waiting, id)
  if #waiting >= 16 * 999 or #without(waiting, id) < #waiting then
    return waiting
  end
  return waiting .. id
end

local function with_line(v, waiting, changed)
  return string.sub(v, 1, 51) .. line(changed) .. string.sub(v, 55 + #waiting)
end

local function is_tenure(v)
  return string.byte(v) == 104
end

local function delay(v)
  return tonumber(string.sub(v, 45, 50))
end

local function is_held(v)
  return is_tenure(v) and redis.call('PTTL', KEYS[1]) > delay(v)
end

-- claim: the id with a space behind it, or an empty text if there is none
local function is_on_record(v, claim, token)
  if not v or not is_tenure(v) or (token ~= '' and token ~= string.sub(v, 2, 20)) then
    return false
  end
  local at = 55 + 16 * tonumber(string.sub(v, 52, 54))
  return string.sub(v, at, at + #claim - 1) == claim
end

-- Returns why a grant was lost: E xpired, S uperseded, re L eased (R is a release's own answer),
-- re V oked
local function why(v, token, held)
  if not v then
    return 'E'
  elseif is_tenure(v) then
    return held and 'S' or 'E'
  elseif #v > 54 + #ids(v) then
    return 'V'
  end
  return token == string.sub(v, 2, 20) and 'L' or 'E'
end

local function closed(token, turn, waiting, reason)
  return 'c' .. token .. turn .. '---------------' .. line(waiting) .. reason
end

-- Frees the lock, or reserves it for the first replica in the queue and notifies it. Keeps the
-- reason of a forced release.
local function pass_on(token, waiting, reason)
  if waiting == '' then
    redis.call('DEL', KEYS[1])
    return false
  end
  local turn = string.sub(waiting, 1, 16)
  local v = closed(token, turn, string.sub(waiting, 17), reason or '')
  redis.call('SET', KEYS[1], v, 'PX', 1000)
  if turn ~= ARGV[1] then
    redis.call('PUBLISH', '${prefix}:w:' .. turn, KEYS[1])
  end
  return v
end

