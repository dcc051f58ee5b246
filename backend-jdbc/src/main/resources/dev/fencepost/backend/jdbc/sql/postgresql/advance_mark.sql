-- A token passes if it is at or above the mark, and raises the mark. A token that is more than a day
-- ahead of the clock is compared with the highest token of all locks before it is refused. That
-- reads the whole table, but ordinary use never needs it.
WITH asked AS MATERIALIZED (
  SELECT n.*, n.now * 1000 + 86400000000000 AS soon
  FROM (
    SELECT CAST(:resource AS bytea) AS resource, CAST(:token AS bigint) AS token,
      (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now) n
), bounded AS MATERIALIZED (
  SELECT a.*,
    CASE WHEN a.token <= a.soon THEN a.soon
      ELSE greatest(a.soon, least(
        (SELECT coalesce(max(k.token), 0) FROM fencepost_lock k), 9223285636854775807)
        + 86400000000000) END AS highest
  FROM asked a
), written AS (
  INSERT INTO fencepost_mark AS m (resource, token, used_at, answer)
  SELECT b.resource, b.token, b.now, 'A' FROM bounded b WHERE b.token <= b.highest
  ON CONFLICT (resource) DO UPDATE SET
    token = greatest(m.token, EXCLUDED.token),
    used_at = EXCLUDED.used_at,
    answer = CASE WHEN EXCLUDED.token > m.token THEN 'A'
      WHEN EXCLUDED.token = m.token THEN 'U' ELSE 'S' END
  RETURNING m.token, m.answer
)
SELECT b.highest, w.token, w.answer FROM bounded b LEFT JOIN written w ON TRUE
