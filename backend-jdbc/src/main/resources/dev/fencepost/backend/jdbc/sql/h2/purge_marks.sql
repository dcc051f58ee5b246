DELETE FROM fencepost_mark
WHERE used_at <= CAST(:now AS BIGINT) - CAST(:quiet AS BIGINT)
FETCH FIRST :scan ROWS ONLY
