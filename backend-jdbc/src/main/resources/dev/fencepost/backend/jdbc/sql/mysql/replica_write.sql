INSERT INTO fencepost_replica (id, address, phase, seen_at)
VALUES (:id, :address, :phase, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)))
ON DUPLICATE KEY UPDATE address = VALUES(address), phase = VALUES(phase), seen_at = VALUES(seen_at)
