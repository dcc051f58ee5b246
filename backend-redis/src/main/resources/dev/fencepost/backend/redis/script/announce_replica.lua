-- Writes a replica's entry and removes those of dead replicas. Returns the store's id and the
-- entries of the living replicas.
-- KEYS  1 the store's id, 2 the replicas
-- ARGV  1 an id for a store that has none, 2 ms after which an entry is dead,
--       3 replica or nothing, 4 its phase and address
local clock = redis.call('TIME')
local millis = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'NX')
if ARGV[3] ~= '' then
  local until_ms = string.format('%.0f', millis + ARGV[2])
  redis.call('HSET', KEYS[2], ARGV[3], until_ms .. ' ' .. ARGV[4])
end
local answers = {redis.call('GET', KEYS[1])}
local entries = redis.call('HGETALL', KEYS[2])
for i = 1, #entries, 2 do
  local until_ms, entry = string.match(entries[i + 1], '^(%d+) (.*)$')
  if tonumber(until_ms) < millis then
    redis.call('HDEL', KEYS[2], entries[i])
  else
    answers[#answers + 1] = entries[i] .. ' ' .. entry
  end
end
return answers
