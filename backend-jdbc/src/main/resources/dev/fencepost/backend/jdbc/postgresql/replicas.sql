SELECT id, address, phase FROM fencepost_replica
WHERE seen_at > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - 10000000
ORDER BY id
