SELECT t.table_name, t.engine FROM information_schema.tables t
WHERE t.table_schema = DATABASE()
  AND t.table_name IN ('fencepost_lock', 'fencepost_mark', 'fencepost_replica', 'fencepost_store')
