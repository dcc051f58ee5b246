-- The server process that holds the lock of schema_lock.sql.
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND (classid::bigint << 32) | objid::bigint = hashtext('fencepost.' || current_schema())::bigint
