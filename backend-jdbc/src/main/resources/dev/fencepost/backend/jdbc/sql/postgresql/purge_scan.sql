-- The next rows of the table, each with a flag: idle for long enough, and the clock is ahead of the
-- token. The token is all that a purge loses, so tokens still rise after it. A released lock has
-- free_at = 0 and was in use until expires_at. A queue that is left beside a free lock for 10 s
-- belongs to no living replica.
SELECT name,
  greatest(free_at, expires_at) <= t.now - CAST(:quiet AS BIGINT)
    AND (line = '' OR free_at < t.now - 10000000)
    AND token <= t.now * 1000 AS idle
FROM fencepost_lock, (SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) t
WHERE name > :after
ORDER BY name LIMIT :scan
