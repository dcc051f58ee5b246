-- A token that is not too far ahead passes if it is at or above the mark, and raises the mark.
START TRANSACTION;
INSERT INTO fencepost_mark (resource, token, used_at, answer)
VALUES (:resource, :token, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)), 'A')
ON DUPLICATE KEY UPDATE
  answer = CASE WHEN VALUES(token) > token THEN 'A' WHEN VALUES(token) = token THEN 'U' ELSE 'S' END,
  token = GREATEST(token, VALUES(token)),
  used_at = VALUES(used_at);
SELECT token, answer FROM fencepost_mark WHERE resource = :resource;
COMMIT
