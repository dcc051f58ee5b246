-- The tables and columns that are missing. One statement makes a whole table, so its last column
-- proves that all columns are there. A later migration adds its own columns here.
SELECT string_agg(t.name || '.' || t.last, ', ')
FROM (VALUES
  ('fencepost_lock', 'ask_token'), ('fencepost_mark', 'answer'),
  ('fencepost_replica', 'seen_at'), ('fencepost_store', 'created_at')) AS t (name, last)
WHERE NOT EXISTS (
  SELECT FROM pg_attribute a
  WHERE a.attrelid = to_regclass(t.name) AND a.attname = t.last AND NOT a.attisdropped)
