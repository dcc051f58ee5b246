-- Renewals (R), releases (E), forced releases (F) and departures from a line (L), one lock each, in
-- one packet that is one transaction.
--
-- The UPDATE waits for each row and then changes its latest version by assignments from left to
-- right, each seeing what those before it wrote: the row as it was is kept first (was_*), then the
-- clock is read, once per row (asked_at), then the step is decided. Rows are found by their key, in
-- its order, so that two batches never wait for each other. The answer is the row as it was and that
-- clock: what came of the question follows from them by the rules. A lock without a row changes
-- nothing and is not answered.
--
-- steps: R renews, P passes on to the first in line or frees, C closes, F closes by force with a
-- token, G by force without one, L leaves the line; none changes nothing.
START TRANSACTION;
UPDATE fencepost_lock FORCE INDEX (PRIMARY) SET
  was_token = token,
  was_claim = claim,
  was_expires_at = expires_at,
  was_free_at = free_at,
  was_turn = turn,
  was_line = line,
  was_revoked = revoked,
  asked_by = :batch,
  asked_at = TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(6)),
  ask = FIELD(name, {:names}),
  step = CASE ELT(ask, {:acts})
    WHEN 'R' THEN CASE
      WHEN asked_at < was_free_at AND asked_at < was_expires_at
        AND was_claim = ELT(ask, {:claims}) AND was_token = CAST(ELT(ask, {:tokens}) AS SIGNED)
        THEN 'R' END
    WHEN 'E' THEN CASE
      WHEN asked_at < was_free_at AND was_claim = ELT(ask, {:claims})
        AND was_token = COALESCE(CAST(ELT(ask, {:tokens}) AS SIGNED), was_token)
        THEN CASE ELT(ask, {:close_fors}) WHEN '0' THEN 'P' ELSE 'C' END END
    WHEN 'F' THEN CASE
      WHEN was_claim IS NOT NULL AND asked_at < was_expires_at AND asked_at < was_free_at
        THEN CASE
          WHEN CAST(ELT(ask, {:tokens}) AS SIGNED) <> was_token THEN NULL
          WHEN ELT(ask, {:close_fors}) = '0' THEN 'P' ELSE 'F' END
      WHEN asked_at < was_free_at AND ELT(ask, {:close_fors}) IS NOT NULL
        THEN CASE ELT(ask, {:close_fors}) WHEN '0' THEN 'P' ELSE 'G' END END
    WHEN 'L' THEN CASE
      WHEN was_claim IS NULL AND asked_at < was_free_at AND was_turn = :self THEN 'P'
      WHEN INSTR(was_line, CONCAT(:self, ',')) > 0 THEN 'L' END END,
  token = CASE step WHEN 'F' THEN GREATEST(was_token + 1, :floor, asked_at * 1000)
    ELSE was_token END,
  claim = CASE WHEN step IS NULL OR step IN ('R', 'L') THEN was_claim END,
  expires_at = CASE step WHEN 'R' THEN GREATEST(was_expires_at, asked_at + ttl)
    ELSE was_expires_at END,
  line = CASE ELT(ask, {:acts})
    WHEN 'L' THEN REPLACE(was_line, CONCAT(:self, ','), '') ELSE was_line END,
  turn = CASE
    WHEN step IS NULL OR step IN ('R', 'L') THEN was_turn
    WHEN step = 'P' AND line <> '' THEN LEFT(line, 16) END,
  free_at = CASE
    WHEN step IS NULL OR step = 'L' THEN was_free_at
    WHEN step = 'R' THEN expires_at + delay
    WHEN step = 'P' THEN CASE line WHEN '' THEN asked_at ELSE asked_at + 1000000 END
    ELSE COALESCE(asked_at + CAST(ELT(ask, {:close_fors}) AS SIGNED), was_free_at) END,
  line = CASE step WHEN 'P' THEN SUBSTR(line, 18) ELSE line END,
  revoked = CASE
    WHEN step IS NULL OR step IN ('R', 'L') THEN was_revoked
    WHEN step IN ('F', 'G') THEN ELT(ask, {:reasons}) ELSE '' END
WHERE name IN ({:names});
SELECT
  asked_at, step, name, was_token, was_claim, owner, principal, mode, metadata, acquired_at, ttl,
  delay, was_expires_at, was_free_at, was_turn, was_line, was_revoked, token
FROM fencepost_lock FORCE INDEX (PRIMARY)
WHERE name IN ({:names}) AND asked_by = :batch;
COMMIT
