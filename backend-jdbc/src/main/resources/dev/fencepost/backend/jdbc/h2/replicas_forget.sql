-- Replicas that ended without a word, long ago.
DELETE FROM fencepost_replica WHERE seen_at < CAST(:now AS BIGINT) - 3600000000
