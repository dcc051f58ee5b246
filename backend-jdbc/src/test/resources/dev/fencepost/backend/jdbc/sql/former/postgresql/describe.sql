-- The given locks that have a row. There is at least one result row, for the clock.
SELECT t.now, l.name, l.token, l.claim, l.owner, l.principal, l.mode, l.metadata, l.acquired_at, l.ttl,
  l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked
FROM (SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) t
LEFT JOIN fencepost_lock l ON l.name = ANY(:names)
