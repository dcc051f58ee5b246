-- Ends the lock's grant, for any holder.
-- KEYS  1 lock, 2 the bucket's tokens, 3 the bucket's age
-- ARGV  1-4 as for an acquire, 5 the token to end or nothing, 6 ms to stay closed, or nothing for
--       what is left of the lease and the delay, 7 reason
local v = redis.call('GET', KEYS[1])
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
  if ARGV[6] == '0' then
    pass_on(last, waiting)
  elseif ARGV[6] ~= '' then
    close(last)
  end
  return 'N'
end
local before = micros .. string.sub(head, 1, 19) .. redis.call('PTTL', KEYS[1]) .. ':' .. v
if ARGV[5] ~= '' and ARGV[5] ~= last then
  return 'M' .. before
end
if ARGV[6] == '0' then
  pass_on(last, waiting)
  return 'Z' .. before
end
local closing = next_token(ARGV[2])
close(closing)
note(closing)
return 'R' .. closing .. before
