-- Renewals (R), releases (E), forced releases (F) and departures from a queue (L), one lock each, in
-- one statement that is its own transaction.
--
-- Rows are locked first, in the order of their names, so that two batches cannot deadlock. They are
-- read in their latest version, and only then is the clock read, once per row. The result has the
-- old row and that clock; the rules give the outcome from these two. A lock without a row is not
-- changed and has no row in the result.
--
-- Steps: R renews, P passes on to the first in the queue or frees, C closes, F closes by force with a
-- new token, G closes by force without one, L leaves the queue. No step means no change, and so does
-- U: the record is of a later version, or its reservation or queue is damaged. For a forced release,
-- whose answer shows the holder, a damaged claim counts as well.
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(
    CAST(:names AS bytea[]), CAST(:acts AS text[]), CAST(:claims AS text[]),
    CAST(:makers AS text[]), CAST(:tokens AS bigint[]), CAST(:close_fors AS bigint[]),
    CAST(:reasons AS text[]))
    AS u (name, act, ask_claim, ask_maker, ask_token, close_for, reason)
), locked AS MATERIALIZED (
  SELECT
    l.name, l.token, l.claim, l.owner, l.principal, l.mode, l.metadata, l.acquired_at, l.ttl,
    l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked, l.format,
    a.act, a.ask_claim, a.ask_maker, a.ask_token, a.close_for, a.reason
  FROM asked a JOIN fencepost_lock l ON l.name = a.name
  ORDER BY l.name
  FOR NO KEY UPDATE OF l
), timed AS (
  SELECT k.*, CAST(:self AS text) AS self, CAST(:floor AS bigint) AS floor,
    (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now
  FROM locked k OFFSET 0
), judged AS (
  SELECT k.*,
    CASE k.act WHEN 'L' THEN replace(k.line, k.self || ',', '') ELSE k.line END AS rest,
    k.now < k.free_at AND coalesce(k.claim = k.ask_claim AND k.principal = k.ask_maker, FALSE)
      AND (k.ask_token IS NULL OR k.ask_token = k.token) AS on_record,
    k.claim IS NOT NULL AND k.now < k.expires_at AND k.now < k.free_at AS held,
    k.format = 1 AND (k.claim IS NULL OR k.mode = 'EXCLUSIVE')
      AND (k.turn IS NULL OR k.turn ~ '^[0-9a-f]{16}$')
      AND (k.line = '' OR k.line ~ '^(?:[0-9a-f]{16},)+$')
      AND (k.claim IS NULL OR k.act <> 'F' OR (
        k.claim ~ '^[A-Za-z0-9_-]{22,64}$'
        AND (k.metadata = '' OR NOT (
          k.metadata ~ '%(?![0-9A-Fa-f]{2})' OR k.metadata ~ '(^|&)[^=&]*(&|$)')))) AS readable
  FROM timed k
), decided AS MATERIALIZED (
  SELECT j.*,
    CASE CASE WHEN j.readable THEN j.act ELSE 'U' END
      WHEN 'U' THEN 'U'
      WHEN 'R' THEN CASE WHEN j.on_record AND j.held THEN 'R' END
      WHEN 'E' THEN CASE WHEN j.on_record THEN CASE j.close_for WHEN 0 THEN 'P' ELSE 'C' END END
      WHEN 'F' THEN CASE
        WHEN j.held THEN CASE
          WHEN j.ask_token <> j.token THEN NULL WHEN j.close_for = 0 THEN 'P' ELSE 'F' END
        WHEN j.now < j.free_at AND j.close_for IS NOT NULL AND j.ask_token IS NULL THEN
          CASE j.close_for WHEN 0 THEN 'P' ELSE 'G' END END
      WHEN 'L' THEN CASE
        WHEN j.claim IS NULL AND j.now < j.free_at AND j.turn = j.self THEN 'P'
        WHEN j.rest <> j.line THEN 'L' END END AS step
  FROM judged j
), written AS (
  UPDATE fencepost_lock AS l SET
    token = CASE d.step WHEN 'F' THEN greatest(d.token + 1, d.floor, d.now * 1000)
      ELSE d.token END,
    claim = CASE WHEN d.step IN ('R', 'L') THEN d.claim END,
    expires_at = CASE d.step WHEN 'R' THEN greatest(d.expires_at, d.now + d.ttl)
      WHEN 'P' THEN d.now ELSE d.expires_at END,
    free_at = CASE d.step
      WHEN 'R' THEN greatest(d.expires_at, d.now + d.ttl) + d.delay
      WHEN 'P' THEN CASE d.rest WHEN '' THEN 0 ELSE d.now + 1000000 END
      WHEN 'L' THEN d.free_at
      ELSE coalesce(d.now + d.close_for, d.free_at) END,
    turn = CASE WHEN d.step IN ('R', 'L') THEN d.turn
      WHEN d.step = 'P' THEN nullif(left(d.rest, 16), '') END,
    line = CASE d.step WHEN 'P' THEN substr(d.rest, 18) ELSE d.rest END,
    revoked = CASE WHEN d.step = 'R' OR d.act = 'L' THEN d.revoked
      WHEN d.act = 'F' THEN d.reason ELSE '' END
  FROM decided d
  WHERE l.name = d.name AND d.step <> 'U'
)
SELECT
  d.now, d.step, d.name, d.token, d.claim, d.owner, d.principal,
  CASE d.format WHEN 1 THEN d.mode ELSE '?' END AS mode, d.metadata,
  d.acquired_at, d.ttl, d.delay, d.expires_at, d.free_at, d.turn, d.line, d.revoked,
  CASE WHEN d.step = 'P' AND d.rest <> '' AND left(d.rest, 16) <> d.self
    THEN pg_notify('fencepost_' || left(d.rest, 16), encode(d.name, 'hex')) END
FROM decided d
