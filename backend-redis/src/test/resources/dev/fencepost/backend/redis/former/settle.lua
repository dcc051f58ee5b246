-- Begins a bucket that lost its state, or makes one that began without this replica's knowledge
-- stay quiet for as long as this replica's grants may live; answers the bucket's age.
-- KEYS  1 and 3 the bucket's age, 2 its tokens
-- ARGV  1-4 as for an acquire, 5 the age that this replica knows, or nothing
local age = redis.call('GET', KEYS[3])
if not age then
  age = micros .. ARGV[1]
  redis.call('SET', KEYS[3], age)
end
if ARGV[5] ~= '' and ARGV[5] ~= age and quiet < tonumber(ARGV[4]) then
  local entry = string.sub(head, 1, 19) .. '\0' .. string.format('%.0f', millis + ARGV[4])
  redis.call('LPUSH', KEYS[2], entry)
end
return age
