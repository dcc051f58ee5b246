DELETE FROM fencepost_lock
WHERE name IN ({:names})
  AND GREATEST(free_at, expires_at) <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)) - :quiet
  AND (line = '' OR free_at < TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)) - 10000000)
