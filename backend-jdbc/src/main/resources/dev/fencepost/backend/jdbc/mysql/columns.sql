-- What is there of the tables, each of which was made by one statement: its last column stands for
-- all. A later migration adds its own columns here and in MySqlFitness.
SELECT c.table_name, c.column_name FROM information_schema.columns c
WHERE c.table_schema = DATABASE()
  AND (c.table_name, c.column_name) IN (
    ('fencepost_lock', 'was_revoked'), ('fencepost_mark', 'answer'),
    ('fencepost_replica', 'seen_at'), ('fencepost_store', 'created_at'))
