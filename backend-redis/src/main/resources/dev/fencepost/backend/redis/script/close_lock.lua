-- Ends a claim's grant and keeps the lock closed for all claims.
-- KEYS  as for an acquire
-- ARGV  1-4 as for an acquire, 5 claim id and a space, 6 token or nothing, 7 ms to stay closed,
--       8 principal
local v = stored(KEYS[1])
if v == 'U' then
  return v
end
if not is_on_record(v, ARGV[5], ARGV[6]) then
  return why(v, ARGV[6], v and is_held(v))
end
if maker(v) ~= ARGV[8] then
  return foreign(v)
end
local ended = (delay(v) == 0 or is_held(v)) and 'R' or 'E'
local after = closed(string.sub(v, 2, 20), '----------------', ids(v), '')
redis.call('SET', KEYS[1], after, 'PX', ARGV[7])
return ended .. leave_trace()
