-- The INSERT makes sure that there is a row to lock, so that no other session can add a mark in
-- between.
START TRANSACTION;
INSERT INTO fencepost_mark (resource, token, used_at, answer) VALUES (:resource, 0, 0, 'A')
ON DUPLICATE KEY UPDATE answer = 'A';
SELECT token FROM fencepost_mark WHERE resource = :resource AND token > 0;
DELETE FROM fencepost_mark WHERE resource = :resource;
COMMIT
