-- Replicas that ended without a word, long ago.
DELETE FROM fencepost_replica WHERE seen_at < (date_part('epoch', clock_timestamp()) * 1000000)::bigint - 3600000000
