DELETE FROM fencepost_mark WHERE resource = :resource RETURNING token
