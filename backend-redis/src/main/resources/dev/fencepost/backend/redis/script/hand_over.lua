-- Ends one grant and gives the lock to the next claim.
-- KEYS and ARGV 1-9 as for an acquire, 10 the ending claim's id and a space, 11 its token,
--                12 its principal
local v = stored(KEYS[1])
if v == 'U' then
  return v
end
local held = v and is_held(v)
if not is_on_record(v, ARGV[10], ARGV[11]) then
  return why(v, ARGV[11], held) .. attempt(v)
end
if maker(v) ~= ARGV[12] then
  return foreign(v) .. attempt(v)
end
local ended = held and 'R' or 'E'
local waiting = ids(v)
local others = without(waiting, ARGV[1])
if ARGV[8] == 'Y' and others ~= '' then
  v = pass_on(string.sub(v, 2, 20), others .. ARGV[1])
  return ended .. busy(v, 1000)
end
if quiet > 0 then
  return ended .. busy(pass_on(string.sub(v, 2, 20), waiting), quiet)
end
return ended .. grant(line(ARGV[8] == 'J' and others or with(waiting, ARGV[1])))
