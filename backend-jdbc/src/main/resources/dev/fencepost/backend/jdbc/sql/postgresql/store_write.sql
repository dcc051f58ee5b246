INSERT INTO fencepost_store (one, id, created_at)
VALUES (1, :id, (date_part('epoch', clock_timestamp()) * 1000000)::bigint)
ON CONFLICT DO NOTHING
