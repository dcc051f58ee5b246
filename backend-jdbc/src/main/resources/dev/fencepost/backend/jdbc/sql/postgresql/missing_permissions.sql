-- The reasons why this user cannot use the tables, with their remedies.
SELECT
  'user ' || current_user || ' lacks a permission; GRANT SELECT, INSERT, UPDATE, DELETE ON '
  || t.name || ' TO it'
FROM unnest(ARRAY['fencepost_lock', 'fencepost_mark', 'fencepost_replica', 'fencepost_store'])
  AS t (name)
WHERE NOT (has_table_privilege(t.name, 'SELECT') AND has_table_privilege(t.name, 'INSERT')
  AND has_table_privilege(t.name, 'UPDATE') AND has_table_privilege(t.name, 'DELETE'))
