-- The given locks that have a row. There is at least one result row, for the clock.
-- A record of another format gets the mode '?', which this version does not know.
SELECT t.now, l.name, l.token, l.claim, l.owner, l.principal,
  CASE l.format WHEN 1 THEN l.mode ELSE '?' END AS mode,
  l.metadata, l.acquired_at, l.ttl, l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked
FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS now) t
LEFT JOIN fencepost_lock l ON l.name IN ({:names})
