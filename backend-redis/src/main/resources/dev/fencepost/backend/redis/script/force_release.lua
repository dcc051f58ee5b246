-- Ends the lock's grant, for any holder.
-- KEYS  as for an acquire
-- ARGV  1-4 as for an acquire, 5 the token to end or nothing, 6 ms to stay closed, or nothing for
--       the rest of the lease and the delay, 7 reason
local v = stored(KEYS[1])
if v == 'U' then
  return v
end
if not v then
  return 'N'
end
local waiting = ids(v)
local last = string.sub(v, 2, 20)

local function close(token)
  local after = closed(token, '----------------', waiting, ARGV[7])
  if ARGV[6] == '' then
    redis.call('SET', KEYS[1], after, 'KEEPTTL')
  else
    redis.call('SET', KEYS[1], after, 'PX', ARGV[6])
  end
end

if not is_held(v) then
  if ARGV[5] ~= '' then
    return 'N'
  end
  if ARGV[6] == '0' then
    pass_on(last, waiting, ARGV[7])
  elseif ARGV[6] ~= '' then
    close(last)
    return 'N' .. leave_trace()
  end
  return 'N'
end
local left = redis.call('PTTL', KEYS[1])
if ARGV[5] ~= '' and ARGV[5] ~= last then
  return 'M' .. micros .. string.sub(head, 1, 19) .. left .. ':' .. v
end
if ARGV[6] == '0' then
  pass_on(last, waiting, ARGV[7])
  return 'Z' .. micros .. leave_trace() .. left .. ':' .. v
end
local closing = next_token(ARGV[2])
close(closing)
put(closing, KEYS[1])
return 'R' .. closing .. micros .. closing .. left .. ':' .. v
