-- Skips rows that are locked at this moment, and checks the others again while they are locked.
DELETE FROM fencepost_lock l
USING (
  SELECT k.name FROM fencepost_lock k
  WHERE k.name = ANY(:names)
    AND k.free_at <= (date_part('epoch', clock_timestamp()) * 1000000)::bigint - :quiet
    AND k.line = ''
  ORDER BY k.name
  FOR UPDATE SKIP LOCKED) q
WHERE l.name = q.name
