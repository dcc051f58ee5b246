-- Extends grants of one bucket to now + their ttl. Writes nothing but expiries.
-- KEYS  the locks, then the bucket's tokens
-- ARGV  for each lock its claim id and a space, and its token
local function last_token(key)
  for _, entry in ipairs(redis.call('LRANGE', KEYS[#KEYS], 0, -1)) do
    if string.sub(entry, 20) == key then
      return string.sub(entry, 1, 19)
    end
  end
  return ''
end

local answers = {}
for i = 1, #KEYS - 1 do
  local key, claim, token = KEYS[i], ARGV[2 * i - 1], ARGV[2 * i]
  local v = redis.call('GET', key)
  local held = v and is_tenure(v)
      and (string.sub(v, 45, 50) == '000000' or redis.call('PTTL', key) > delay(v))
  if held and is_on_record(v, claim, token) then
    local whole = tonumber(string.sub(v, 37, 44)) + delay(v)
    redis.call('PEXPIRE', key, whole, 'GT')
    answers[i] = 'R' .. string.sub(v, 37, 51)
  elseif v then
    local reason = why(v, token, held)
    answers[i] = reason .. string.sub(v, 2, 20)
        .. (reason == 'V' and string.sub(v, 55 + #ids(v)) or '')
  else
    answers[i] = 'E' .. last_token(key)
  end
end
return answers
