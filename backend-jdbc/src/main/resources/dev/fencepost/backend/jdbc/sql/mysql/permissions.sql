-- Tries everything that this user must be allowed to do; changes nothing.
START TRANSACTION;
INSERT INTO fencepost_lock SELECT * FROM fencepost_lock WHERE FALSE;
UPDATE fencepost_lock SET token = token WHERE FALSE;
DELETE FROM fencepost_lock WHERE FALSE;
INSERT INTO fencepost_mark SELECT * FROM fencepost_mark WHERE FALSE;
UPDATE fencepost_mark SET token = token WHERE FALSE;
DELETE FROM fencepost_mark WHERE FALSE;
INSERT INTO fencepost_replica SELECT * FROM fencepost_replica WHERE FALSE;
UPDATE fencepost_replica SET seen_at = seen_at WHERE FALSE;
DELETE FROM fencepost_replica WHERE FALSE;
INSERT INTO fencepost_store SELECT * FROM fencepost_store WHERE FALSE;
UPDATE fencepost_store SET created_at = created_at WHERE FALSE;
DELETE FROM fencepost_store WHERE FALSE;
COMMIT
