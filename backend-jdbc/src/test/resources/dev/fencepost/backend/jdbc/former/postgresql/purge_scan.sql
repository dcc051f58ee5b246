-- A stretch of the table: which rows have been idle for so long that the clock is ahead of their
-- token, which is all that would be forgotten with them.
SELECT name, free_at <= (date_part('epoch', clock_timestamp()) * 1000000)::bigint - CAST(:quiet AS BIGINT) AND line = '' AND token <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000 AS idle
FROM fencepost_lock
WHERE name > :after
ORDER BY name LIMIT :scan
