-- KEYS: those of the write, then the mark of each. ARGV: those of the write, then the token in 19 digits (a Lua number
-- would lose the last ones), then the ms for which an unused mark is kept, '0' for ever. The write sees only its own.
local function is_token(text)
  return #text == 19 and not text:find('[^0-9]')
end
local retention, token = table.remove(ARGV), table.remove(ARGV)
if not (token and is_token(token)) or token == ('0'):rep(19) or token > '9223372036854775807' then
  return redis.error_reply('FENCE no token, which is 19 digits, 1 or more')
end
local marks = {}
for i = #KEYS / 2, 1, -1 do
  marks[i] = table.remove(KEYS)
end
for i, mark in ipairs(marks) do
  local highest = redis.call('GET', mark)
  if highest and not is_token(highest) then
    return redis.error_reply('FENCE no mark in ' .. mark)
  end
  if highest and highest > token then
    return {'stale', i, highest}
  end
end
for _, mark in ipairs(marks) do
  if retention == '0' then
    redis.call('SET', mark, token)
  else
    redis.call('SET', mark, token, 'PX', retention)
  end
end
local function write()
--write--
end
local result = write()
if type(result) == 'table' and result.err then
  return result
end
return {'written', result}
