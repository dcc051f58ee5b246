INSERT INTO fencepost_replica AS r (id, address, phase, seen_at)
VALUES (:id, :address, :phase, (date_part('epoch', clock_timestamp()) * 1000000)::bigint)
ON CONFLICT (id) DO UPDATE
SET address = EXCLUDED.address, phase = EXCLUDED.phase, seen_at = EXCLUDED.seen_at
