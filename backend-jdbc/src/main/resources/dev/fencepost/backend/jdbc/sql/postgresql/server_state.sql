SELECT
  current_setting('server_version_num')::int AS version,
  pg_is_in_recovery() AS standby,
  current_setting('transaction_read_only')::boolean AS read_only,
  current_setting('fsync')::boolean AS syncs,
  current_setting('server_encoding') AS encoding
