-- The next rows of the table, each with a flag: idle for long enough, and the clock is ahead of the
-- token. The token is all that a purge loses, so tokens still rise after it.
SELECT name, free_at <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - :quiet AND line = ''
  AND token <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) * 1000 AS idle
FROM fencepost_lock
WHERE name > :after
ORDER BY name LIMIT :scan
