-- The usual cases of acquire.sql, with half of its work: attempts at a free lock, and hand-overs of a
-- valid grant, while no other replica is in the queue. A command that has no row in the result had no
-- effect and goes to acquire.sql.
--
-- ask_claim is the claim that a hand-over ends, a space, and its principal.
--
-- A lock that is held is skipped at once, because locking its row would cost a commit. The clock is
-- read again when the row is locked, for the reasons given in acquire.sql.
INSERT INTO fencepost_lock AS l (
  name, token, claim, owner, principal, mode, metadata, format, acquired_at, ttl, delay,
  expires_at, free_at, line, revoked, asked_at, answer, ask_claim, ask_token)
SELECT
  q.name, greatest(1, CAST(:floor AS bigint), q.now * 1000), q.claim, q.owner, q.principal, q.mode,
  q.metadata, 1, q.now, q.ttl, q.delay, q.now + q.ttl, q.now + q.ttl + q.delay,
  CASE WHEN q.place IN ('STAY', 'YIELD') THEN CAST(:self AS text) || ',' ELSE '' END, '', q.now,
  CASE WHEN q.ask_claim IS NULL THEN '-N' ELSE 'EN' END, q.ask_claim || ' ' || q.ask_maker,
  q.ask_token
FROM (
  SELECT s.*, (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now
  FROM (
    SELECT * FROM unnest(
      CAST(:names AS bytea[]), CAST(:claims AS text[]), CAST(:owners AS text[]),
      CAST(:principals AS text[]), CAST(:modes AS text[]), CAST(:metadata AS text[]),
      CAST(:ttls AS bigint[]), CAST(:delays AS bigint[]), CAST(:places AS text[]),
      CAST(:from_claims AS text[]), CAST(:from_makers AS text[]), CAST(:from_tokens AS bigint[]))
      AS u (name, claim, owner, principal, mode, metadata, ttl, delay, place, ask_claim, ask_maker,
        ask_token)
    ORDER BY name) s
  OFFSET 0) q
WHERE q.ask_claim IS NOT NULL
  OR NOT EXISTS (SELECT FROM fencepost_lock k WHERE k.name = q.name AND k.free_at > q.now)
ON CONFLICT (name) DO UPDATE SET
  claim = EXCLUDED.claim, owner = EXCLUDED.owner, principal = EXCLUDED.principal,
  mode = EXCLUDED.mode, metadata = EXCLUDED.metadata, ttl = EXCLUDED.ttl, delay = EXCLUDED.delay,
  turn = NULL, line = EXCLUDED.line, revoked = '',
  answer = CASE WHEN EXCLUDED.ask_claim IS NULL THEN '-N' ELSE 'HP' END,
  ask_claim = NULL, ask_token = NULL,
  (token, acquired_at, expires_at, free_at, asked_at) = (
    SELECT greatest(l.token + 1, EXCLUDED.token, t.now * 1000),
      t.now, t.now + EXCLUDED.ttl, t.now + EXCLUDED.ttl + EXCLUDED.delay, t.now
    FROM (
      SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) t)
WHERE l.line IN ('', CAST(:self AS text) || ',')
  AND l.format = 1 AND (l.claim IS NULL OR l.mode = 'EXCLUSIVE')
  AND CASE WHEN EXCLUDED.ask_claim IS NULL THEN l.free_at <= EXCLUDED.asked_at
    ELSE l.claim || ' ' || l.principal = EXCLUDED.ask_claim AND l.token = EXCLUDED.ask_token
      AND l.expires_at > (date_part('epoch', clock_timestamp()) * 1000000)::bigint END
RETURNING l.asked_at, l.answer, l.name, l.token
