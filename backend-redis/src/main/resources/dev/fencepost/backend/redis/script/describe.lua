-- Reads locks of one bucket.
-- KEYS  1 the bucket's tokens, then the locks
local clock = redis.call('TIME')
local micros = string.format('%010d%06d', clock[1], clock[2])
local entries = redis.call('LRANGE', KEYS[1], 0, -1)
local head = entries[1] or '0000000000000000000'
local quiet = 0
if string.byte(head, 20) == 0 then
  quiet = math.max(0, tonumber(string.sub(head, 21)) - tonumber(string.sub(micros, 1, 13)))
end

local last = {}
for i = #entries, 1, -1 do
  last[string.sub(entries[i], 20)] = string.sub(entries[i], 1, 19)
end

local answers = {micros .. string.sub(head, 1, 19) .. quiet}
for i = 2, #KEYS do
  local v = redis.pcall('GET', KEYS[i])
  if type(v) == 'table' then
    answers[i] = 'U'
  elseif v then
    answers[i] = 'V' .. redis.call('PTTL', KEYS[i]) .. ':' .. v
  else
    answers[i] = 'F' .. (last[KEYS[i]] or '')
  end
end
return answers
