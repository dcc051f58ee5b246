-- The bucket's tokens: a list, the last one given first, each with its lock's key behind it. A NUL
-- instead of the key marks a quiet time: nothing is granted in the bucket until the ms behind it.
-- If there is no list, or its first token is below one that this replica has seen, state was lost.
-- Then the bucket is quiet for as long as this replica's grants may live.
local clock = redis.call('TIME')
local micros = clock[1] .. string.format('%06d', clock[2])
local millis = tonumber(string.sub(micros, 1, 13))
local head = redis.call('LINDEX', KEYS[2], 0)
local quiet = 0
if not head or string.sub(head, 1, 19) < ARGV[3] then
  local last = head and string.sub(head, 1, 19) or '0000000000000000000'
  if last < ARGV[3] then
    last = ARGV[3]
  end
  quiet = tonumber(ARGV[4])
  head = last .. '\0' .. string.format('%.0f', millis + quiet)
  redis.call('LPUSH', KEYS[2], head)
  redis.call('SET', KEYS[3], micros .. ARGV[1])
elseif string.byte(head, 20) == 0 then
  quiet = tonumber(string.sub(head, 21)) - millis
end

