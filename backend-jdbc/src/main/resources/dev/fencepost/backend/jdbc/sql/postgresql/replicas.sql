SELECT id, address, phase FROM fencepost_replica
WHERE seen_at > (date_part('epoch', clock_timestamp()) * 1000000)::bigint - 10000000
ORDER BY id
