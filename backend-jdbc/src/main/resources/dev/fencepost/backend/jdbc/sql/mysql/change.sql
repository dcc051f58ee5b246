-- Renewals (R), releases (E), forced releases (F) and departures from a queue (L), one lock each, in
-- one packet that is one transaction.
--
-- The UPDATE waits for each row and then changes its latest version. Its assignments are made from
-- left to right, and each sees the values that those before it wrote. First the old row is saved
-- (was_*), then the clock is read, once per row (asked_at), then the step is decided. Rows are found
-- by their key, in its order, so that two batches cannot deadlock. The result has the old row and
-- that clock; the rules give the outcome from these two. A lock without a row is not changed and has
-- no row in the result.
--
-- Steps: R renews, P passes on to the first in the queue or frees, C closes, F closes by force with a
-- new token, G closes by force without one, L leaves the queue. No step means no change, and so does
-- U: the record is of a later version, or its reservation or queue is damaged. For a forced release,
-- whose answer shows the holder, a damaged claim counts as well. Principals are compared as bytes,
-- since the column's collation ignores spaces at the end.
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
  step = CASE CASE
      WHEN format = 1 AND (was_claim IS NULL OR mode = 'EXCLUSIVE')
        AND (was_turn IS NULL OR was_turn REGEXP '^[0-9a-f]{16}$')
        AND (was_line = '' OR was_line REGEXP '^(?:[0-9a-f]{16},)++$')
        AND (was_claim IS NULL OR ELT(ask, {:acts}) <> 'F' OR (
          was_claim REGEXP '^[A-Za-z0-9_-]{22,64}$'
          AND (metadata = '' OR NOT (
            metadata REGEXP '%(?![0-9A-Fa-f]{2})' OR metadata REGEXP '(^|&)[^=&]*(&|$)'))))
        THEN ELT(ask, {:acts}) ELSE 'U' END
    WHEN 'U' THEN 'U'
    WHEN 'R' THEN CASE
      WHEN asked_at < was_free_at AND asked_at < was_expires_at
        AND was_claim = ELT(ask, {:claims})
        AND CAST(principal AS BINARY) = CAST(ELT(ask, {:makers}) AS BINARY)
        AND was_token = CAST(ELT(ask, {:tokens}) AS SIGNED)
        THEN 'R' END
    WHEN 'E' THEN CASE
      WHEN asked_at < was_free_at AND was_claim = ELT(ask, {:claims})
        AND CAST(principal AS BINARY) = CAST(ELT(ask, {:makers}) AS BINARY)
        AND was_token = COALESCE(CAST(ELT(ask, {:tokens}) AS SIGNED), was_token)
        THEN CASE ELT(ask, {:close_fors}) WHEN '0' THEN 'P' ELSE 'C' END END
    WHEN 'F' THEN CASE
      WHEN was_claim IS NOT NULL AND asked_at < was_expires_at AND asked_at < was_free_at
        THEN CASE
          WHEN CAST(ELT(ask, {:tokens}) AS SIGNED) <> was_token THEN NULL
          WHEN ELT(ask, {:close_fors}) = '0' THEN 'P' ELSE 'F' END
      WHEN asked_at < was_free_at AND ELT(ask, {:close_fors}) IS NOT NULL
        AND ELT(ask, {:tokens}) IS NULL
        THEN CASE ELT(ask, {:close_fors}) WHEN '0' THEN 'P' ELSE 'G' END END
    WHEN 'L' THEN CASE
      WHEN was_claim IS NULL AND asked_at < was_free_at AND was_turn = :self THEN 'P'
      WHEN INSTR(was_line, CONCAT(:self, ',')) > 0 THEN 'L' END END,
  token = CASE step WHEN 'F' THEN GREATEST(was_token + 1, :floor, asked_at * 1000)
    ELSE was_token END,
  claim = CASE WHEN step IS NULL OR step IN ('R', 'L', 'U') THEN was_claim END,
  expires_at = CASE step WHEN 'R' THEN GREATEST(was_expires_at, asked_at + ttl)
    WHEN 'P' THEN asked_at ELSE was_expires_at END,
  line = CASE
    WHEN step IN ('P', 'L') AND ELT(ask, {:acts}) = 'L'
      THEN REPLACE(was_line, CONCAT(:self, ','), '') ELSE was_line END,
  turn = CASE
    WHEN step IS NULL OR step IN ('R', 'L', 'U') THEN was_turn
    WHEN step = 'P' AND line <> '' THEN LEFT(line, 16) END,
  free_at = CASE
    WHEN step IS NULL OR step IN ('L', 'U') THEN was_free_at
    WHEN step = 'R' THEN expires_at + delay
    WHEN step = 'P' THEN CASE line WHEN '' THEN 0 ELSE asked_at + 1000000 END
    ELSE COALESCE(asked_at + CAST(ELT(ask, {:close_fors}) AS SIGNED), was_free_at) END,
  line = CASE step WHEN 'P' THEN SUBSTR(line, 18) ELSE line END,
  revoked = CASE
    WHEN step IS NULL OR step IN ('R', 'U') OR ELT(ask, {:acts}) = 'L' THEN was_revoked
    WHEN ELT(ask, {:acts}) = 'F' THEN ELT(ask, {:reasons}) ELSE '' END
WHERE name IN ({:names});
SELECT
  asked_at, step, name, was_token, was_claim, owner, principal,
  CASE format WHEN 1 THEN mode ELSE '?' END AS mode, metadata, acquired_at, ttl, delay,
  was_expires_at, was_free_at, was_turn, was_line, was_revoked, token
FROM fencepost_lock FORCE INDEX (PRIMARY)
WHERE name IN ({:names}) AND asked_by = :batch;
COMMIT
