-- Lets a token pass if it is not below a resource's mark, and raises the mark to it.
-- KEYS  1 mark, 2-4 as for an acquire
-- ARGV  1-4 as for an acquire, 5 token, 6 ms to keep the mark
local present = micros .. '000'
if string.sub(head, 1, 19) > present then
  present = string.sub(head, 1, 19)
end
local day = tonumber(string.sub(present, 1, 10)) + 86400
local limit = string.format('%010d', day) .. string.sub(present, 11)
if limit > '9223372036854775807' then
  limit = '9223372036854775807'
end
if ARGV[5] > limit then
  return 'T' .. limit
end
local mark = redis.call('GET', KEYS[1])
if mark and ARGV[5] < mark then
  return 'S' .. mark
end
redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6])
return (mark == ARGV[5] and 'U' or 'A') .. ARGV[5] .. leave_trace()
