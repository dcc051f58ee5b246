-- The tables and columns that are there. One statement makes a whole table, so its last column
-- proves that all columns are there. A later migration adds its own columns here and in
-- MySqlServerCheck.
SELECT c.table_name, c.column_name FROM information_schema.columns c
WHERE c.table_schema = DATABASE()
  AND (c.table_name, c.column_name) IN (
    ('fencepost_lock', 'was_revoked'), ('fencepost_mark', 'answer'),
    ('fencepost_replica', 'seen_at'), ('fencepost_store', 'created_at'))
