-- Replicas that died without removing their entry, more than an hour ago.
DELETE FROM fencepost_replica WHERE seen_at < TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) - 3600000000
