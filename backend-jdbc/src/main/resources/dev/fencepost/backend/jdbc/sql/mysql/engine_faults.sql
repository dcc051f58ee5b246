-- The reasons to refuse these tables, with their remedies.
SELECT CONCAT(
  'table ', t.table_name, ' is of the engine ', COALESCE(t.engine, 'none'),
  ', which has no transactions; ALTER TABLE ', t.table_name, ' ENGINE=InnoDB')
FROM information_schema.tables t
WHERE t.table_schema = DATABASE() AND COALESCE(t.engine, '') <> 'InnoDB'
  AND t.table_name IN ('fencepost_lock', 'fencepost_mark', 'fencepost_replica', 'fencepost_store')
