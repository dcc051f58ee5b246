INSERT INTO fencepost_store (one, id, created_at)
VALUES (1, :id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
ON CONFLICT DO NOTHING
