DELETE FROM fencepost_lock
WHERE name IN ({:names}) AND free_at <= TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)) - :quiet AND line = ''
