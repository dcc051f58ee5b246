DELETE FROM fencepost_lock
WHERE name = ANY(:names) AND free_at <= CAST(:now AS BIGINT) - CAST(:quiet AS BIGINT) AND line = ''
