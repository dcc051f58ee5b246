-- Ends a claim's grant; a late one ends what is left of the lock delay.
-- KEYS  1 lock
-- ARGV  1 this replica, 2 claim id and a space, 3 token or nothing, 4 ms to stay closed
-- First the usual case, a grant without lock delay for which nobody waits.
do
  local v = redis.call('GET', KEYS[1])
  if v and ARGV[4] == '0' and string.byte(v) == 104
      and string.sub(v, 45, 50) == '000000' and string.sub(v, 52, 54) == '000'
      and (ARGV[3] == '' or ARGV[3] == string.sub(v, 2, 20))
      and string.sub(v, 55, 54 + #ARGV[2]) == ARGV[2] then
    redis.call('DEL', KEYS[1])
    return 'R'
  end
end

