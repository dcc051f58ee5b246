-- The usual case of change.sql, with a third of its work: releases of valid grants of locks without a
-- queue. A command that has no row in the result had no effect and goes to change.sql.
--
-- Rows are locked in the order of their names, so that two batches cannot deadlock.
UPDATE fencepost_lock AS l SET
  claim = NULL, turn = NULL, revoked = '', free_at = 0,
  expires_at = (date_part('epoch', clock_timestamp()) * 1000000)::bigint
FROM (
  SELECT * FROM unnest(
    CAST(:names AS bytea[]), CAST(:claims AS text[]), CAST(:makers AS text[]),
    CAST(:tokens AS bigint[]))
    AS u (name, ask_claim, ask_maker, ask_token)
  ORDER BY name) a
WHERE l.name = a.name AND l.claim = a.ask_claim AND l.principal = a.ask_maker
  AND l.token = a.ask_token AND l.line = '' AND l.format = 1 AND l.mode = 'EXCLUSIVE'
  AND l.expires_at > (date_part('epoch', clock_timestamp()) * 1000000)::bigint
RETURNING l.name, l.token
