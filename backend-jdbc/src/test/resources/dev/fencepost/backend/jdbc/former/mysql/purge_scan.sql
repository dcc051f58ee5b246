-- A stretch of the table: which rows have been idle for so long that the clock is ahead of their
-- token, which is all that would be forgotten with them.
SELECT name, free_at <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - :quiet AND line = ''
  AND token <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) * 1000 AS idle
FROM fencepost_lock
WHERE name > :after
ORDER BY name LIMIT :scan
