MERGE INTO fencepost_store s
USING (SELECT CAST(1 AS SMALLINT) AS one, CAST(:id AS VARCHAR) AS id, CAST(:now AS BIGINT) AS created_at) q
ON s.one = q.one
WHEN NOT MATCHED THEN INSERT (one, id, created_at) VALUES (q.one, q.id, q.created_at)
