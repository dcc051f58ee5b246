-- The next rows of the table, each with a flag: idle for long enough, and the clock is ahead of the
-- token. The token is all that a purge loses, so tokens still rise after it. A released lock has
-- free_at = 0 and was in use until expires_at. A queue that is left beside a free lock for 10 s
-- belongs to no living replica.
SELECT name,
  GREATEST(free_at, expires_at) <= t.now - :quiet
    AND (line = '' OR free_at < t.now - 10000000)
    AND token <= t.now * 1000 AS idle
FROM fencepost_lock,
  (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS now) t
WHERE name > :after
ORDER BY name LIMIT :scan
