INSERT INTO fencepost_lock (
  name, token, claim, owner, principal, mode, metadata, format, acquired_at, ttl, delay,
  expires_at, free_at, turn, line, revoked)
VALUES (
  :name, :token, :claim, :owner, :principal, :mode, :metadata, 1, :acquired_at, :ttl, :delay,
  :expires_at, :free_at, :turn, :line, :revoked)
