-- Compares a bucket's beginning with the one that this replica knows. Returns how long the bucket
-- is quiet, and its beginning. A run that has not served it before may lack the last writes. So
-- nothing is granted until the replicas that know them have had time to come back. If it lacks
-- something that this replica knows, nothing is granted for as long as this replica's grants in it
-- may live.
-- KEYS  1 and 3 the bucket's beginning, 2 its tokens, 4 its age
-- ARGV  1-4 as for an acquire, 5 ms that replicas need to come back, 6 the beginning that this
--       replica knows, or nothing
local beginning = redis.call('GET', KEYS[3])
local present = present_run()
if not beginning or string.sub(beginning, 84, 83 + #present) ~= present then
  beginning = begin()
  be_quiet(tonumber(ARGV[5]), string.sub(head, 1, 19))
end
local known = string.sub(ARGV[6], 1, 32)
if known ~= '' and known ~= string.sub(beginning, 1, 32)
    and (ARGV[3] > string.sub(beginning, 33, 51) or known ~= string.sub(beginning, 52, 83)) then
  if string.sub(beginning, 1, 16) > micros then
    beginning = begin()
  end
  be_quiet(tonumber(ARGV[4]), string.sub(head, 1, 19))
end
return string.format('%.0f', math.max(0, quiet)) .. ':' .. beginning
