-- A record of another format gets the mode '?', which this version does not know.
SELECT l.name, l.token, l.claim, l.owner, l.principal,
  CASE l.format WHEN 1 THEN l.mode ELSE '?' END AS mode,
  l.metadata, l.acquired_at, l.ttl, l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked
FROM fencepost_lock l WHERE l.name = :name
FOR UPDATE
