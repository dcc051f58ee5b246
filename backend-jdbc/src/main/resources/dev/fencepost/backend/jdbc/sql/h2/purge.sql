DELETE FROM fencepost_lock
WHERE name = ANY(:names)
  AND GREATEST(free_at, expires_at) <= CAST(:now AS BIGINT) - CAST(:quiet AS BIGINT)
  AND (line = '' OR free_at < CAST(:now AS BIGINT) - 10000000)
