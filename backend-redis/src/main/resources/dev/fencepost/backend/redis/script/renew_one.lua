-- Extends grants of one bucket to now + their ttl. Writes expiries, and one trace for all of them.
-- KEYS  1 and 3 the bucket's beginning, 2 its tokens, 4 its age, then the locks
-- ARGV  1-4 as for an acquire, then for each lock its claim id and a space, its token, and its
--       principal
-- First the usual case: one grant without lock delay, and no replica waits for the lock.
if #KEYS == 5 then
  local v = redis.pcall('GET', KEYS[5])
  if type(v) == 'string' and string.byte(v) == 104 and string.sub(v, 2, 20) == ARGV[6]
      and string.sub(v, 45, 54) == '000000X000'
      and string.sub(v, 55, 54 + #ARGV[5]) == ARGV[5] and maker(v) == ARGV[7] then
    local head = redis.call('LINDEX', KEYS[2], 0)
    local kind = head and string.byte(head, 20)
    local clock = redis.call('TIME')
    local token = string.format('%010d%06d000', clock[1], clock[2])
    local last = head and string.sub(head, 1, 19)
    if kind and kind ~= 0 and token > last and last >= ARGV[3] then
      redis.call('PEXPIRE', KEYS[5], tonumber(string.sub(v, 37, 44)), 'GT')
      if kind == 1 then
        redis.call('LTRIM', KEYS[2], 1, -1)
      end
      if redis.call('LPUSH', KEYS[2], token .. '\1') > 64 then
        redis.call('LTRIM', KEYS[2], 0, 31)
      end
      return {token, 'R' .. string.sub(v, 37, 51)}
    end
  end
end

