-- Attempts and hand-overs, one lock each, in one statement that is its own transaction.
--
-- A lock without a row gets one. Otherwise ON CONFLICT waits for the row and then sees its latest
-- version (l) and the command (EXCLUDED, with its ask_ columns). The clock is read there, once per
-- row and after that wait. With now() or a clock read earlier, a claim that waited would get a lease
-- that is partly over. With several readings, parts of a row could contradict each other. OFFSET 0
-- keeps the planner from repeating the reading in each place that uses it. Rows are locked in the
-- order of their names, so that two batches cannot deadlock.
--
-- ask_claim is the claim that a hand-over ends, a space, and its principal.
--
-- The answer has two letters: how the former grant ended, and the step.
-- Endings: H held until now, R revoked, S superseded, L released, E expired, O made by another
-- principal, - if the command ends no grant.
-- Steps: P passes the lock from one claim to the next, Y yields to another replica, S finds that the
-- claim already has a valid grant, O finds that it has one of another principal, N makes a new
-- grant, B is busy, U finds a record of a later version, or one whose reservation or queue is
-- damaged, and changes nothing.
INSERT INTO fencepost_lock AS l (
  name, token, claim, owner, principal, mode, metadata, format, acquired_at, ttl, delay,
  expires_at, free_at, turn, line, revoked, asked_at, answer,
  ask_self, ask_place, ask_claim, ask_token)
SELECT
  q.name, greatest(1, q.floor, q.now * 1000), q.claim, q.owner, q.principal, q.mode, q.metadata, 1,
  q.now, q.ttl, q.delay, q.now + q.ttl, q.now + q.ttl + q.delay, NULL,
  CASE WHEN q.place IN ('STAY', 'YIELD') THEN q.self || ',' ELSE '' END, '', q.now,
  CASE WHEN q.ask_claim IS NULL THEN '-N' ELSE 'EN' END,
  q.self, q.place, q.ask_claim || ' ' || q.ask_maker, q.ask_token
FROM (
  SELECT s.*, CAST(:self AS text) AS self, CAST(:floor AS bigint) AS floor,
    (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now
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
ON CONFLICT (name) DO UPDATE SET (
  token, claim, owner, principal, mode, metadata, acquired_at, ttl, delay,
  expires_at, free_at, turn, line, revoked, asked_at, answer,
  ask_self, ask_place, ask_claim, ask_token) = (
  SELECT
    CASE WHEN d.takes THEN greatest(l.token + 1, EXCLUDED.token, t.now * 1000) ELSE l.token END,
    CASE WHEN d.takes THEN EXCLUDED.claim WHEN d.step <> 'Y' THEN l.claim END,
    CASE WHEN d.takes THEN EXCLUDED.owner ELSE l.owner END,
    CASE WHEN d.takes THEN EXCLUDED.principal ELSE l.principal END,
    CASE WHEN d.takes THEN EXCLUDED.mode ELSE l.mode END,
    CASE WHEN d.takes THEN EXCLUDED.metadata ELSE l.metadata END,
    CASE WHEN d.takes THEN t.now ELSE l.acquired_at END,
    CASE WHEN d.takes THEN EXCLUDED.ttl ELSE l.ttl END,
    CASE WHEN d.takes THEN EXCLUDED.delay ELSE l.delay END,
    CASE WHEN d.takes THEN t.now + EXCLUDED.ttl
      WHEN d.step = 'S' THEN greatest(l.expires_at, t.now + l.ttl) ELSE l.expires_at END,
    CASE WHEN d.takes THEN t.now + EXCLUDED.ttl + EXCLUDED.delay
      WHEN d.step = 'S' THEN greatest(l.expires_at, t.now + l.ttl) + l.delay
      WHEN d.step = 'Y' THEN t.now + 1000000 ELSE l.free_at END,
    CASE WHEN d.takes THEN NULL WHEN d.step = 'Y' THEN left(p.others, 16) ELSE l.turn END,
    CASE d.step
      WHEN 'P' THEN CASE WHEN EXCLUDED.ask_place = 'JOIN' THEN p.others ELSE p.joined END
      WHEN 'Y' THEN substr(p.others, 18) || EXCLUDED.ask_self || ','
      WHEN 'S' THEN CASE WHEN p.stays THEN p.joined ELSE p.others END
      WHEN 'N' THEN
        CASE WHEN p.stays THEN p.others || EXCLUDED.ask_self || ',' ELSE p.others END
      WHEN 'U' THEN l.line
      WHEN 'O' THEN l.line
      ELSE CASE WHEN EXCLUDED.ask_place = 'NONE' THEN l.line ELSE p.joined END END,
    CASE WHEN d.takes OR d.step = 'Y' THEN '' ELSE l.revoked END,
    t.now,
    CASE
      WHEN EXCLUDED.ask_claim IS NULL THEN '-'
      WHEN h.from_foreign THEN 'O'
      WHEN h.from_stands AND t.now < l.expires_at THEN 'H'
      WHEN l.claim IS NULL AND t.now < l.free_at AND l.revoked <> '' THEN 'R'
      WHEN l.claim IS NOT NULL AND t.now < l.expires_at THEN 'S'
      WHEN l.claim IS NULL AND l.revoked = '' AND l.token = EXCLUDED.ask_token THEN 'L'
      ELSE 'E' END || d.step,
    CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS bigint)
  FROM (
    SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint AS now OFFSET 0) t,
  LATERAL (
    SELECT
      replace(l.line, EXCLUDED.ask_self || ',', '') AS others,
      CASE WHEN strpos(l.line, EXCLUDED.ask_self || ',') > 0 THEN l.line
        ELSE l.line || EXCLUDED.ask_self || ',' END AS joined,
      EXCLUDED.ask_place IN ('STAY', 'YIELD') AS stays
    OFFSET 0) p,
  LATERAL (
    SELECT
      f.on_record AND l.claim || ' ' || l.principal = EXCLUDED.ask_claim AS from_stands,
      f.on_record AND l.claim || ' ' || l.principal <> EXCLUDED.ask_claim AS from_foreign
    FROM (
      SELECT coalesce(
        strpos(EXCLUDED.ask_claim, l.claim || ' ') = 1 AND l.token = EXCLUDED.ask_token
          AND t.now < l.free_at,
        FALSE) AS on_record
      OFFSET 0) f
    OFFSET 0) h,
  LATERAL (
    SELECT c.step, c.step IN ('P', 'N') AS takes
    FROM (
      SELECT CASE
        WHEN l.format <> 1 OR (l.claim IS NOT NULL AND l.mode <> 'EXCLUSIVE')
          OR (l.turn IS NOT NULL AND l.turn !~ '^[0-9a-f]{16}$')
          OR (l.line <> '' AND l.line !~ '^(?:[0-9a-f]{16},)+$') THEN 'U'
        WHEN h.from_stands THEN
          CASE WHEN EXCLUDED.ask_place = 'YIELD' AND p.others <> '' THEN 'Y' ELSE 'P' END
        WHEN l.claim = EXCLUDED.claim AND t.now < l.expires_at AND t.now < l.free_at
          THEN CASE WHEN l.principal = EXCLUDED.principal THEN 'S' ELSE 'O' END
        WHEN t.now >= l.free_at OR (l.claim IS NULL AND l.turn = EXCLUDED.ask_self) THEN 'N'
        ELSE 'B' END AS step
      OFFSET 0) c
    OFFSET 0) d)
RETURNING
  l.asked_at, l.answer, l.name, l.token, l.claim, l.owner, l.principal,
  CASE l.format WHEN 1 THEN l.mode ELSE '?' END AS mode, l.metadata,
  l.acquired_at, l.ttl, l.delay, l.expires_at, l.free_at, l.turn, l.line, l.revoked,
  CASE WHEN right(l.answer, 1) = 'Y'
    THEN pg_notify('fencepost_' || l.turn, encode(l.name, 'hex')) END
