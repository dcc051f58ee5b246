-- Lets a token pass a resource's mark and raises the mark.
-- KEYS  1 mark, 2 the bucket's tokens
-- ARGV  1 token, 2 ms to keep the mark
local clock = redis.call('TIME')
local present = clock[1] .. string.format('%06d', clock[2]) .. '000'
local head = redis.call('LINDEX', KEYS[2], 0)
if head and string.sub(head, 1, 19) > present then
  present = string.sub(head, 1, 19)
end
local day = tonumber(string.sub(present, 1, 10)) + 86400
local limit = string.format('%010d', day) .. string.sub(present, 11)
if limit > '9223372036854775807' then
  limit = '9223372036854775807'
end
if ARGV[1] > limit then
  return 'T' .. limit
end
local mark = redis.call('GET', KEYS[1])
if mark and ARGV[1] < mark then
  return 'S' .. mark
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return (mark == ARGV[1] and 'U' or 'A') .. ARGV[1]
