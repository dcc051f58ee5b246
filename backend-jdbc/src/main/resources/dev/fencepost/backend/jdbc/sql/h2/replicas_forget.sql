-- Replicas that died without removing their entry, more than an hour ago.
DELETE FROM fencepost_replica WHERE seen_at < CAST(:now AS BIGINT) - 3600000000
