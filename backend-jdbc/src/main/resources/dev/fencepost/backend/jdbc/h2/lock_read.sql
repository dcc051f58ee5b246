SELECT l.name, l.token, l.claim, l.owner, l.principal, l.mode, l.metadata, l.acquired_at, l.ttl,
  l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked
FROM fencepost_lock l WHERE l.name = :name
FOR UPDATE
