-- Lua's numbers are doubles: tokens are 19 digits of text, and compare as such.
local function next_token(least)
  local token = micros .. '000'
  local last = string.sub(head, 1, 19)
  if token <= last then
    local high = tonumber(string.sub(last, 1, 10))
    local low = tonumber(string.sub(last, 11)) + 1
    if low == 1000000000 then
      high = high + 1
      low = 0
    end
    token = string.format('%010d%09d', high, low)
  end
  if token < least then
    token = least
  end
  if token > '9223372036854775807' then
    error('no tokens are left')
  end
  return token
end

local function note(token)
  if redis.call('LPUSH', KEYS[2], token .. KEYS[1]) > 64 then
    redis.call('LTRIM', KEYS[2], 0, 31)
  end
end

