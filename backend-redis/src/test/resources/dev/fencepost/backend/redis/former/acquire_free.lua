-- Takes a lock for a claim.
-- KEYS  1 lock, 2 the bucket's tokens, 3 the bucket's age
-- ARGV  1 this replica, 2 least token to give, 3 highest token seen in the bucket,
--       4 ms of quiet if state was lost, 5 claim id and a space, 6 ttl, delay and mode,
--       7 claimant, 8 place in line (N one, J oin, S tay, Y ield), 9 ttl + delay in ms
-- First the usual case, a lock that nobody has and a bucket whose last token is behind the clock.
do
  local head = redis.call('LINDEX', KEYS[2], 0)
  if head and string.byte(head, 20) ~= 0 then
    local clock = redis.call('TIME')
    local micros = clock[1] .. string.format('%06d', clock[2])
    local token = micros .. '000'
    local last = string.sub(head, 1, 19)
    if token > last and token >= ARGV[2] and last >= ARGV[3] then
      local place = ARGV[8] == 'S' and '001' .. ARGV[1] or '000'
      local taken = redis.call('SET', KEYS[1],
          'h' .. token .. micros .. ARGV[6] .. place .. ARGV[5] .. ARGV[7],
          'NX', 'GET', 'PX', ARGV[9])
      if not taken then
        if redis.call('LPUSH', KEYS[2], token .. KEYS[1]) > 64 then
          redis.call('LTRIM', KEYS[2], 0, 31)
        end
        return 'N' .. token
      end
    end
  end
end

