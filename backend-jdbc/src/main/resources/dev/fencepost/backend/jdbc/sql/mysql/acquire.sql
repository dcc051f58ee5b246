-- Attempts and hand-overs, one lock each, in one packet that is one transaction.
--
-- A lock without a row gets one. Otherwise the INSERT waits for the row and then changes its latest
-- version by the assignments at its end. Both servers make them from left to right, and each sees the
-- values that those before it wrote. So the old row is saved first (was_*). Then the clock is read,
-- once per row and after the wait for it, and saved (asked_at). Then the step is decided, and all
-- later assignments use these values alone. With NOW(), a claim that waited would get a lease that is
-- partly over. With SYSDATE() wherever the clock is needed, parts of a row could contradict each
-- other. Rows come in the order of their names, so that two batches cannot deadlock.
--
-- Steps: P passes the lock from one claim to the next, Y yields to another replica, S finds that the
-- claim already has a valid grant, O finds that it has one of another principal, N makes a new
-- grant, B is busy, U finds a record of a later version, or one whose reservation or queue is
-- damaged, and changes nothing. Principals are compared as bytes, since the column's collation
-- ignores spaces at the end.
START TRANSACTION;
INSERT INTO fencepost_lock (
  name, asked_by, asked_at, ask, step, was_token, was_claim, was_expires_at, was_free_at, was_turn,
  was_line, was_revoked, token, claim, owner, principal, mode, metadata, format, acquired_at, ttl,
  delay, expires_at, free_at, turn, line, revoked)
VALUES {(
  :names, :batch, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)),
  0, 'N', 0, NULL, 0, 0, NULL,
  '', '', GREATEST(1, :floor, asked_at * 1000), :claims, :owners, :principals, :modes, :metadata, 1,
  asked_at, :ttls, :delays, asked_at + ttl, asked_at + ttl + delay, NULL,
  CASE WHEN :places IN ('STAY', 'YIELD') THEN CONCAT(:self, ',') ELSE '' END, '')}
ON DUPLICATE KEY UPDATE
  was_token = token,
  was_claim = claim,
  was_expires_at = expires_at,
  was_free_at = free_at,
  was_turn = turn,
  was_line = line,
  was_revoked = revoked,
  asked_by = VALUES(asked_by),
  asked_at = TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)),
  ask = FIELD(name, {:names}),
  step = CASE
    WHEN format <> 1 OR (was_claim IS NOT NULL AND mode <> 'EXCLUSIVE')
      OR (was_turn IS NOT NULL AND NOT was_turn REGEXP '^[0-9a-f]{16}$')
      OR (was_line <> '' AND NOT was_line REGEXP '^(?:[0-9a-f]{16},)++$') THEN 'U'
    WHEN asked_at < was_free_at
      AND was_claim = ELT(ask, {:from_claims})
      AND CAST(principal AS BINARY) = CAST(ELT(ask, {:from_makers}) AS BINARY)
      AND was_token = CAST(ELT(ask, {:from_tokens}) AS SIGNED)
      THEN CASE WHEN ELT(ask, {:places}) = 'YIELD' AND REPLACE(was_line, CONCAT(:self, ','), '') <> ''
        THEN 'Y' ELSE 'P' END
    WHEN was_claim = VALUES(claim) AND asked_at < was_expires_at AND asked_at < was_free_at
      THEN CASE WHEN CAST(principal AS BINARY) = CAST(VALUES(principal) AS BINARY)
        THEN 'S' ELSE 'O' END
    WHEN asked_at >= was_free_at OR (was_claim IS NULL AND was_turn = :self) THEN 'N'
    ELSE 'B' END,
  token = CASE WHEN step IN ('P', 'N')
    THEN GREATEST(was_token + 1, :floor, asked_at * 1000) ELSE was_token END,
  claim = CASE WHEN step IN ('P', 'N') THEN VALUES(claim) WHEN step <> 'Y' THEN was_claim END,
  owner = CASE WHEN step IN ('P', 'N') THEN VALUES(owner) ELSE owner END,
  principal = CASE WHEN step IN ('P', 'N') THEN VALUES(principal) ELSE principal END,
  mode = CASE WHEN step IN ('P', 'N') THEN VALUES(mode) ELSE mode END,
  metadata = CASE WHEN step IN ('P', 'N') THEN VALUES(metadata) ELSE metadata END,
  acquired_at = CASE WHEN step IN ('P', 'N') THEN asked_at ELSE acquired_at END,
  ttl = CASE WHEN step IN ('P', 'N') THEN VALUES(ttl) ELSE ttl END,
  delay = CASE WHEN step IN ('P', 'N') THEN VALUES(delay) ELSE delay END,
  expires_at = CASE step
    WHEN 'P' THEN asked_at + ttl
    WHEN 'N' THEN asked_at + ttl
    WHEN 'S' THEN GREATEST(was_expires_at, asked_at + ttl)
    ELSE was_expires_at END,
  free_at = CASE step
    WHEN 'Y' THEN asked_at + 1000000
    WHEN 'B' THEN was_free_at
    WHEN 'U' THEN was_free_at
    WHEN 'O' THEN was_free_at
    ELSE expires_at + delay END,
  turn = CASE
    WHEN step IN ('P', 'N') THEN NULL
    WHEN step = 'Y' THEN LEFT(REPLACE(was_line, CONCAT(:self, ','), ''), 16)
    ELSE was_turn END,
  line = CASE
    WHEN step IN ('U', 'O') THEN was_line
    WHEN step = 'Y'
      THEN CONCAT(SUBSTR(REPLACE(was_line, CONCAT(:self, ','), ''), 18), CONCAT(:self, ','))
    WHEN step = 'N' AND ELT(ask, {:places}) IN ('STAY', 'YIELD')
      THEN CONCAT(REPLACE(was_line, CONCAT(:self, ','), ''), CONCAT(:self, ','))
    WHEN step = 'B' AND ELT(ask, {:places}) = 'NONE' THEN was_line
    WHEN step = 'N' OR (step = 'P' AND ELT(ask, {:places}) = 'JOIN')
      OR (step = 'S' AND ELT(ask, {:places}) IN ('NONE', 'JOIN'))
      THEN REPLACE(was_line, CONCAT(:self, ','), '')
    WHEN INSTR(was_line, CONCAT(:self, ',')) > 0 THEN was_line
    ELSE CONCAT(was_line, CONCAT(:self, ',')) END,
  revoked = CASE WHEN step IN ('P', 'N', 'Y') THEN '' ELSE was_revoked END;
SELECT
  asked_at, step, name, was_token, was_claim, owner, principal,
  CASE format WHEN 1 THEN mode ELSE '?' END AS mode, metadata, acquired_at, ttl, delay,
  was_expires_at, was_free_at, was_turn, was_line, was_revoked, token
FROM fencepost_lock FORCE INDEX (PRIMARY)
WHERE name IN ({:names}) AND asked_by = :batch;
COMMIT
