-- Ends a claim's grant. A release after the lease has ended ends the rest of the lock delay.
-- KEYS  1 lock
-- ARGV  1 this replica, 2 claim id and a space, 3 token or nothing, 4 principal
-- First the usual case: a grant without lock delay, and no replica waits for the lock.
do
  local v = redis.pcall('GET', KEYS[1])
  if type(v) == 'string' and string.byte(v) == 104
      and string.sub(v, 45, 50) == '000000' and string.sub(v, 51, 54) == 'X000'
      and (ARGV[3] == '' or ARGV[3] == string.sub(v, 2, 20))
      and string.sub(v, 55, 54 + #ARGV[2]) == ARGV[2] and maker(v) == ARGV[4] then
    redis.call('DEL', KEYS[1])
    return 'R'
  end
end

