-- The tables and columns that are missing. One statement makes a whole table, so its last column
-- proves that all columns are there. A later migration adds its own columns here.
SELECT GROUP_CONCAT(m.missing SEPARATOR ', ')
FROM (
  SELECT 'fencepost_lock.was_revoked' AS missing FROM DUAL WHERE NOT EXISTS (
    SELECT 1 FROM information_schema.columns c WHERE c.table_schema = DATABASE()
      AND c.table_name = 'fencepost_lock' AND c.column_name = 'was_revoked')
  UNION ALL
  SELECT 'fencepost_mark.answer' AS missing FROM DUAL WHERE NOT EXISTS (
    SELECT 1 FROM information_schema.columns c WHERE c.table_schema = DATABASE()
      AND c.table_name = 'fencepost_mark' AND c.column_name = 'answer')
  UNION ALL
  SELECT 'fencepost_replica.seen_at' AS missing FROM DUAL WHERE NOT EXISTS (
    SELECT 1 FROM information_schema.columns c WHERE c.table_schema = DATABASE()
      AND c.table_name = 'fencepost_replica' AND c.column_name = 'seen_at')
  UNION ALL
  SELECT 'fencepost_store.created_at' AS missing FROM DUAL WHERE NOT EXISTS (
    SELECT 1 FROM information_schema.columns c WHERE c.table_schema = DATABASE()
      AND c.table_name = 'fencepost_store' AND c.column_name = 'created_at')
) m
