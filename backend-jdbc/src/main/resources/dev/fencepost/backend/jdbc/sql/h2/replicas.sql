SELECT id, address, phase FROM fencepost_replica
WHERE seen_at > CAST(:now AS BIGINT) - 10000000
ORDER BY id
