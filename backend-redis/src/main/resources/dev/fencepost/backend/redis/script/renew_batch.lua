-- Does the same for any number of grants.
local function last_token(key)
  for _, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    if string.sub(entry, 20) == key then
      return string.sub(entry, 1, 19)
    end
  end
  return ''
end

local answers = {''}
for i = 5, #KEYS do
  local key, claim, token = KEYS[i], ARGV[3 * i - 10], ARGV[3 * i - 9]
  local v = stored(key)
  local held = v and is_tenure(v)
      and (string.sub(v, 45, 50) == '000000' or redis.call('PTTL', key) > delay(v))
  if v == 'U' then
    answers[i - 3] = v
  elseif held and is_on_record(v, claim, token) and maker(v) ~= ARGV[3 * i - 8] then
    answers[i - 3] = foreign(v)
  elseif held and is_on_record(v, claim, token) then
    local whole = tonumber(string.sub(v, 37, 44)) + delay(v)
    redis.call('PEXPIRE', key, whole, 'GT')
    answers[i - 3] = 'R' .. string.sub(v, 37, 51)
    answers[1] = 'R'
  elseif v then
    local reason = why(v, token, held)
    answers[i - 3] = reason .. string.sub(v, 2, 20)
        .. (reason == 'V' and string.sub(v, 55 + #ids(v)) or '')
  else
    answers[i - 3] = 'E' .. last_token(key)
  end
end
if answers[1] ~= '' then
  answers[1] = leave_trace()
end
return answers
