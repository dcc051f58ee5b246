-- Names are bytes, so that no encoding or collation decides which locks are the same. Times are
-- microseconds since 1970 by this database's clock. Half of each page is left free, so that an
-- update finds room beside its row and touches no index.
CREATE TABLE IF NOT EXISTS fencepost_lock (
  name bytea NOT NULL PRIMARY KEY,
  token bigint NOT NULL,
  claim text,
  owner text NOT NULL,
  principal text NOT NULL,
  mode text NOT NULL,
  metadata text NOT NULL,
  format smallint NOT NULL,
  acquired_at bigint NOT NULL,
  ttl bigint NOT NULL,
  delay bigint NOT NULL,
  expires_at bigint NOT NULL,
  free_at bigint NOT NULL,
  turn text,
  line text NOT NULL,
  revoked text NOT NULL,
  asked_at bigint,
  answer text,
  ask_self text,
  ask_place text,
  ask_claim text,
  ask_token bigint
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 2);

COMMENT ON TABLE fencepost_lock IS 'One row for each lock in use; free rows keep the last token for a while';
COMMENT ON COLUMN fencepost_lock.name IS 'UTF-8; to read it: convert_from(name, ''UTF8'')';
COMMENT ON COLUMN fencepost_lock.claim IS 'Secret of the claim on record; null: nobody';
COMMENT ON COLUMN fencepost_lock.owner IS 'For people; % is %25 and NUL is %00';
COMMENT ON COLUMN fencepost_lock.metadata IS 'As in an HTML form: key=value&key=value';
COMMENT ON COLUMN fencepost_lock.format IS 'Version of the row''s format';
COMMENT ON COLUMN fencepost_lock.free_at IS 'When everybody may take it';
COMMENT ON COLUMN fencepost_lock.turn IS 'The one replica that may take it earlier';
COMMENT ON COLUMN fencepost_lock.line IS 'Replicas with waiters, 16 digits and a comma each, first come first';
COMMENT ON COLUMN fencepost_lock.revoked IS 'The administrator''s reason while closed by force';
COMMENT ON COLUMN fencepost_lock.asked_at IS 'The clock as the last acquire read it';
COMMENT ON COLUMN fencepost_lock.answer IS 'What the last acquire came to';
COMMENT ON COLUMN fencepost_lock.ask_self IS 'ask_*: carries a question into ON CONFLICT; otherwise without meaning';

CREATE TABLE IF NOT EXISTS fencepost_mark (
  resource bytea NOT NULL PRIMARY KEY,
  token bigint NOT NULL,
  used_at bigint NOT NULL,
  answer text NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE fencepost_mark IS 'The highest token that each protected resource has seen';

CREATE TABLE IF NOT EXISTS fencepost_replica (
  id text NOT NULL PRIMARY KEY,
  address text NOT NULL,
  phase text NOT NULL,
  seen_at bigint NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE fencepost_replica IS 'The servers on this store; living if seen within 10 s';

CREATE TABLE IF NOT EXISTS fencepost_store (
  one smallint NOT NULL PRIMARY KEY CHECK (one = 1),
  id text NOT NULL,
  created_at bigint NOT NULL
);

COMMENT ON TABLE fencepost_store IS 'The store''s own id, by which it is told from another';
