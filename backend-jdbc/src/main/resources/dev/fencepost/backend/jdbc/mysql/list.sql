-- The next so many rows, idle ones included: a page has a bounded cost however many are idle.
-- A record of another format has no mode that this version knows.
SELECT t.now, l.name, l.token, l.claim, l.owner, l.principal,
  CASE l.format WHEN 1 THEN l.mode ELSE '?' END AS mode,
  l.metadata, l.acquired_at, l.ttl, l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS now) t
LEFT JOIN (
  SELECT * FROM fencepost_lock k
  WHERE k.name > :after AND k.name >= :low AND k.name < :high
  ORDER BY k.name LIMIT :scan) l ON TRUE
ORDER BY l.name
