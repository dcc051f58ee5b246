SELECT COALESCE(MAX(token), 0) FROM fencepost_lock
