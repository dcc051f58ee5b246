UPDATE fencepost_lock SET
  token = :token, claim = :claim, owner = :owner, principal = :principal, mode = :mode,
  metadata = :metadata, acquired_at = :acquired_at, ttl = :ttl, delay = :delay,
  expires_at = :expires_at, free_at = :free_at, turn = :turn, line = :line, revoked = :revoked
WHERE name = :name
