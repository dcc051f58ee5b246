-- A stretch of the table: which rows have been idle for so long that the clock is ahead of their
-- token, which is all that would be forgotten with them. A released lock is free since 0; it was in
-- use until expires_at. A line that was left beside a free lock for 10 s is nobody's.
SELECT name,
  greatest(free_at, expires_at) <= t.now - CAST(:quiet AS BIGINT)
    AND (line = '' OR free_at < t.now - 10000000)
    AND token <= t.now * 1000 AS idle
FROM fencepost_lock, (SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) t
WHERE name > :after
ORDER BY name LIMIT :scan
