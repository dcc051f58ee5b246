SELECT
  current_user AS who,
  coalesce(current_schema(), 'public') AS place,
  count(*) AS wanted,
  count(to_regclass(t.name)) AS present
FROM unnest(ARRAY['fencepost_lock', 'fencepost_mark', 'fencepost_replica', 'fencepost_store'])
  AS t (name)
