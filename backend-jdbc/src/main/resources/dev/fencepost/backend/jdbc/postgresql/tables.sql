SELECT
  current_user AS who,
  current_schema() AS place,
  coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE) AS may_create,
  count(*) AS wanted,
  count(to_regclass(t.name)) AS present
FROM unnest(ARRAY['fencepost_lock', 'fencepost_mark', 'fencepost_replica', 'fencepost_store'])
  AS t (name)
