-- A lock's record, as text. Places are fixed, so that reading one is cutting it.
--   1      'h' a tenure, held while more than the lock delay is left of the key's expiry; 'c' closed
--   2-20   token
--   h: 21-36 acquired at, in us; 37-44 ttl and 45-50 lock delay, in ms; 51 mode
--   c: 21-36 the replica whose turn it is, or dashes; 37-51 nothing
--   52-54  number of replicas in line; from 55 on their ids, 16 each, first come first
--   then   h: claim id, a space, the claimant; c: the reason of a forced release, or nothing
-- When everybody may take the lock is the key's own expiry.
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

-- claim: the id with a space behind it, or an empty text for none
local function is_on_record(v, claim, token)
  if not v or not is_tenure(v) or (token ~= '' and token ~= string.sub(v, 2, 20)) then
    return false
  end
  local at = 55 + 16 * tonumber(string.sub(v, 52, 54))
  return string.sub(v, at, at + #claim - 1) == claim
end

-- E xpired, S uperseded, R eleased (L to tell it from the answer of a release), re V oked
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

-- Free, or closed for the first in line, who is told.
local function pass_on(token, waiting)
  if waiting == '' then
    redis.call('DEL', KEYS[1])
    return false
  end
  local turn = string.sub(waiting, 1, 16)
  local v = closed(token, turn, string.sub(waiting, 17), '')
  redis.call('SET', KEYS[1], v, 'PX', 1000)
  if turn ~= ARGV[1] then
    redis.call('PUBLISH', '${prefix}:w:' .. turn, KEYS[1])
  end
  return v
end

