local v = redis.call('GET', KEYS[1])
if not is_on_record(v, ARGV[2], ARGV[3]) then
  return why(v, ARGV[3], v and is_held(v))
end
local ended = string.sub(v, 45, 50) == '000000' and 'R' or is_held(v) and 'R' or 'E'
if ARGV[4] ~= '0' then
  local after = closed(string.sub(v, 2, 20), '----------------', ids(v), '')
  redis.call('SET', KEYS[1], after, 'PX', ARGV[4])
elseif string.sub(v, 52, 54) == '000' then
  redis.call('DEL', KEYS[1])
else
  pass_on(string.sub(v, 2, 20), ids(v))
end
return ended
