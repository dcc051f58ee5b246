SELECT
  t.name,
  current_user AS who,
  has_table_privilege(t.name, 'SELECT') AND has_table_privilege(t.name, 'INSERT')
    AND has_table_privilege(t.name, 'UPDATE') AND has_table_privilege(t.name, 'DELETE') AS allowed
FROM unnest(ARRAY['fencepost_lock', 'fencepost_mark', 'fencepost_replica', 'fencepost_store'])
  AS t (name)
