INSERT IGNORE INTO fencepost_store (one, id, created_at) VALUES (1, :id, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)))
