-- A stretch of the table: which rows have been idle for so long that the clock is ahead of their
-- token, which is all that would be forgotten with them. A released lock is free since 0; it was in
-- use until expires_at. A line that was left beside a free lock for 10 s is nobody's.
SELECT name,
  GREATEST(free_at, expires_at) <= CAST(:now AS BIGINT) - CAST(:quiet AS BIGINT)
    AND (line = '' OR free_at < CAST(:now AS BIGINT) - 10000000)
    AND token <= CAST(:now AS BIGINT) * 1000 AS idle
FROM fencepost_lock
WHERE name > :after
ORDER BY name LIMIT :scan
