-- Removes a replica from the lock's queue, and passes on a reservation that it has.
-- KEYS  1 lock
-- ARGV  1 this replica
local v = stored(KEYS[1])
if v == 'U' then
  return v
end
if not v then
  return '-'
end
local waiting = ids(v)
local others = without(waiting, ARGV[1])
if not is_tenure(v) and string.sub(v, 21, 36) == ARGV[1] then
  pass_on(string.sub(v, 2, 20), others, string.sub(v, 55 + #waiting))
elseif others ~= waiting then
  redis.call('SET', KEYS[1], with_line(v, waiting, others), 'KEEPTTL')
end
return '-'
