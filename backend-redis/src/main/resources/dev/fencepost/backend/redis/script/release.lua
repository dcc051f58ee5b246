local v = stored(KEYS[1])
if v == 'U' then
  return v
end
if not is_on_record(v, ARGV[2], ARGV[3]) then
  return why(v, ARGV[3], v and is_held(v))
end
if maker(v) ~= ARGV[4] then
  return foreign(v)
end
local ended = (delay(v) == 0 or is_held(v)) and 'R' or 'E'
pass_on(string.sub(v, 2, 20), ids(v))
return ended
