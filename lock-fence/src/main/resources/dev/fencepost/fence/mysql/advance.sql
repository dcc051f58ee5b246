-- An UPDATE that finds no row would lock the gap, in which others want to insert: deadlocks. Two rows: raised.
INSERT INTO fence_guard (resource, token) VALUES (?, ?)
ON DUPLICATE KEY UPDATE token = GREATEST(token, ?)
