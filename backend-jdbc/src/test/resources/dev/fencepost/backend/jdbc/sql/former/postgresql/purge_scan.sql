-- The next rows of the table, each with a flag: idle for long enough, and the clock is ahead of the
-- token. The token is all that a purge loses, so tokens still rise after it.
SELECT name, free_at <= (date_part('epoch', clock_timestamp()) * 1000000)::bigint - CAST(:quiet AS BIGINT) AND line = '' AND token <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000 AS idle
FROM fencepost_lock
WHERE name > :after
ORDER BY name LIMIT :scan
