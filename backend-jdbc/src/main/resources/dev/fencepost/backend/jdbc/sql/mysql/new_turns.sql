-- The locks that are reserved for this replica, each with the token of the grant that reserved it.
SELECT name, token FROM fencepost_lock FORCE INDEX (fencepost_lock_turn)
WHERE turn = :self AND claim IS NULL AND free_at > TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
LIMIT 1000
