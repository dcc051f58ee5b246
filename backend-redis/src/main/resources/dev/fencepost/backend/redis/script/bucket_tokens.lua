-- The bucket's tokens: a list, the last one first, each with its lock's key behind it. Each script
-- that proves a lock held or keeps it closed puts a token in front. So the loss of any of them is
-- noticed. The first entry may have, instead of a key,
--   NUL and ms  a quiet time: nothing is granted in the bucket until then
--   \1          the trace of a script that grants nothing, such as a renewal
-- If there is no list, or its first token is below one that this replica has seen, state was lost.
-- Then the bucket gets a new beginning and is quiet for as long as this replica's grants in it may
-- live.
local clock = redis.call('TIME')
local micros = string.format('%010d%06d', clock[1], clock[2])
local millis = tonumber(string.sub(micros, 1, 13))
local head = redis.call('LINDEX', KEYS[2], 0)
local quiet = 0
if head and string.byte(head, 20) == 0 then
  quiet = tonumber(string.sub(head, 21)) - millis
end

-- Returns the run: the Redis process that serves now and, if it was promoted, the history that it
-- continues. Redis forgets that history when its replicas have been away for long, or when the
-- first one comes. Then only the process id is left, which counts as the same run.
local function present_run()
  local process = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
  local history, from = string.match(
      redis.call('INFO', 'replication'), 'master_replid2:(%w+).-second_repl_offset:(%d+)')
  return history and process .. history .. from or process
end

-- Puts a token in front, with the lock's key if it is the token of a grant. A quiet time stays in
-- front.
local function put(token, key)
  local kind = head and string.byte(head, 20)
  if kind == 0 or kind == 1 then
    redis.call('LTRIM', KEYS[2], 1, -1)
  end
  if quiet > 0 then
    if key then
      redis.call('LPUSH', KEYS[2], token .. key)
    end
    head = token .. '\0' .. string.format('%.0f', millis + quiet)
  else
    head = token .. (key or '\1')
  end
  if redis.call('LPUSH', KEYS[2], head) > 64 then
    redis.call('LTRIM', KEYS[2], 0, 31)
  end
end

-- Begins a quiet time: nothing is granted for this long. A longer quiet time stays as it is.
local function be_quiet(ms, last)
  quiet = math.max(quiet, ms)
  put(last)
end

-- Writes a new beginning of the bucket. 1-16 its time, 17-32 the replica that wrote it, 33-51 the
-- last token at that time, 52-83 time and replica of the beginning before, from 84 on the run. A
-- replica that knows a later token, or that missed a beginning, knows that something was lost.
local function begin()
  local before = string.sub(redis.call('GET', KEYS[3]) or '', 1, 32)
  local last = head and string.sub(head, 1, 19) or '0000000000000000000'
  local beginning = micros .. ARGV[1] .. last
      .. before .. string.rep('-', 32 - #before) .. present_run()
  redis.call('SET', KEYS[3], beginning)
  return beginning
end

-- If the clock was set back since then, the quiet time must not become longer.
if quiet > 0 then
  local began = string.sub(redis.call('GET', KEYS[3]) or '', 1, 16)
  if began > micros then
    quiet = quiet + millis - tonumber(string.sub(began, 1, 13))
    begin()
    put(string.sub(head, 1, 19))
  end
end

if not head or string.sub(head, 1, 19) < ARGV[3] then
  begin()
  redis.call('SET', KEYS[4], micros .. ARGV[1])
  be_quiet(tonumber(ARGV[4]), ARGV[3])
end

