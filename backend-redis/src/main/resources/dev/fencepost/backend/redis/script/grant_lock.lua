local function grant(place)
  local token = next_token(ARGV[2])
  redis.call('SET', KEYS[1],
      'h' .. token .. micros .. ARGV[6] .. place .. ARGV[5] .. ARGV[7], 'PX', ARGV[9])
  put(token, KEYS[1])
  return 'N' .. token
end

local function busy(v, left)
  return 'B' .. micros .. string.sub(head, 1, 19) .. left .. ':' .. (v or '')
end

-- Takes the lock if the claim may have it, for any record.
local function attempt(v)
  local self = ARGV[1]
  local stays = ARGV[8] == 'S' or ARGV[8] == 'Y'
  if not v then
    if quiet > 0 then
      return busy(v, quiet)
    end
    return grant(stays and '001' .. self or '000')
  end
  local waiting = ids(v)
  local left = redis.call('PTTL', KEYS[1])
  if is_on_record(v, ARGV[5], '') and left > delay(v) then
    if maker(v) ~= principal(ARGV[7], 1) then
      return foreign(v)
    end
    local place = stays and with(waiting, self) or without(waiting, self)
    if place ~= waiting then
      v = with_line(v, waiting, place)
      redis.call('SET', KEYS[1], v, 'KEEPTTL')
    end
    redis.call('PEXPIRE', KEYS[1], tonumber(string.sub(v, 37, 44)) + delay(v), 'GT')
    return 'S' .. leave_trace() .. v
  end
  if not is_tenure(v) and string.sub(v, 21, 36) == self and quiet <= 0 then
    local others = without(waiting, self)
    return grant(line(stays and with(others, self) or others))
  end
  if ARGV[8] ~= 'N' then
    local place = with(waiting, self)
    if place ~= waiting then
      v = with_line(v, waiting, place)
      redis.call('SET', KEYS[1], v, 'KEEPTTL')
    end
  end
  return busy(v, left)
end

