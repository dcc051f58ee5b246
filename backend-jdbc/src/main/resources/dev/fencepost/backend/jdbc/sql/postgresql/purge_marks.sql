DELETE FROM fencepost_mark m
USING (
  SELECT k.resource FROM fencepost_mark k
  WHERE k.used_at <= (date_part('epoch', clock_timestamp()) * 1000000)::bigint - :quiet
  LIMIT :scan
  FOR UPDATE SKIP LOCKED) q
WHERE m.resource = q.resource
