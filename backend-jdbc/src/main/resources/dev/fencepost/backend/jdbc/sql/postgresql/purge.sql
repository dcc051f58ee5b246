-- Skips rows that are locked at this moment, and checks the others again while they are locked.
DELETE FROM fencepost_lock l
USING (
  SELECT k.name FROM fencepost_lock k
  WHERE k.name = ANY(:names)
    AND greatest(k.free_at, k.expires_at)
      <= (date_part('epoch', clock_timestamp()) * 1000000)::bigint - :quiet
    AND (k.line = ''
      OR k.free_at < (date_part('epoch', clock_timestamp()) * 1000000)::bigint - 10000000)
  ORDER BY k.name
  FOR UPDATE SKIP LOCKED) q
WHERE l.name = q.name
