-- Replicas that ended without a word, long ago.
DELETE FROM fencepost_replica WHERE seen_at < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 3600000000
