-- Replicas that died without removing their entry, more than an hour ago.
DELETE FROM fencepost_replica WHERE seen_at < (date_part('epoch', clock_timestamp()) * 1000000)::bigint - 3600000000
