-- The bucket's tokens: a list, the last one first, each with its lock's key behind it. Each step
-- that proves a lock held or keeps it closed puts a token in front, so that the loss of any of them
-- is seen. In front, instead of a key, may stand
--   NUL and ms  a quiet time: nothing is granted in the bucket until then
--   \1          a step that is no grant, such as a renewal
-- Without the list, or with a token in it below one that this replica has seen, state was lost:
-- the bucket begins anew, quietly, for as long as this replica's grants in it may live.
local clock = redis.call('TIME')
local micros = string.format('%010d%06d', clock[1], clock[2])
local millis = tonumber(string.sub(micros, 1, 13))
local head = redis.call('LINDEX', KEYS[2], 0)
local quiet = 0
if head and string.byte(head, 20) == 0 then
  quiet = tonumber(string.sub(head, 21)) - millis
end

-- The process that serves now and, if it was promoted, the history that it goes on with from there.
-- That is forgotten when replicas have been away for long, or the first one comes: then only the
-- process is left, and it is no other run.
local function present_run()
  local process = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
  local history, from = string.match(
      redis.call('INFO', 'replication'), 'master_replid2:(%w+).-second_repl_offset:(%d+)')
  return history and process .. history .. from or process
end

-- Puts a token in front, with its lock's key if it is a grant's. A quiet time stays in front.
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

-- Nothing is granted for that long, or longer where that is so already.
local function be_quiet(ms, last)
  quiet = math.max(quiet, ms)
  put(last)
end

-- A new beginning of the bucket. 1-16 when, 17-32 by whom, 33-51 the last token that it has, 52-83
-- when and by whom the one before began, from 84 on the run. Those who know a later token, or who
-- missed a beginning, know of something that was lost.
local function begin()
  local before = string.sub(redis.call('GET', KEYS[3]) or '', 1, 32)
  local last = head and string.sub(head, 1, 19) or '0000000000000000000'
  local beginning = micros .. ARGV[1] .. last
      .. before .. string.rep('-', 32 - #before) .. present_run()
  redis.call('SET', KEYS[3], beginning)
  return beginning
end

-- A clock that was set back since then must not make a quiet time longer.
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

