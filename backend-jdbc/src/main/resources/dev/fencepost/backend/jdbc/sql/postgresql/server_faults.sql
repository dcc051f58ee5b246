-- The reasons to refuse this server, with their remedies, the first one first. In ASCII, since the
-- database may have any encoding.
SELECT f.reason
FROM (VALUES
  (1, current_setting('server_version_num')::int < 120000,
    'its version is below 12; use PostgreSQL 12 or later'),
  (2, pg_is_in_recovery(),
    'it is a read replica; name the primary (or several hosts and targetServerType=primary)'),
  (3, current_setting('transaction_read_only')::boolean,
    'its transactions are read-only; set default_transaction_read_only=off for the database and user'),
  (4, NOT current_setting('fsync')::boolean,
    'fsync is off, so that a crash of its machine loses grants that were answered; set fsync=on in'
    || ' postgresql.conf'),
  (5, current_setting('server_encoding') NOT IN ('UTF8', 'SQL_ASCII'),
    'its encoding ' || current_setting('server_encoding') || ' cannot keep every owner''s name; make'
    || ' one with CREATE DATABASE name ENCODING ''UTF8'' TEMPLATE template0')) AS f (n, holds, reason)
WHERE f.holds
ORDER BY f.n
