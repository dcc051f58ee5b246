-- Names are bytes, so that no character set or collation decides which locks are the same. Times are
-- microseconds since 1970 by this server's clock.
CREATE TABLE IF NOT EXISTS fencepost_lock (
  name VARBINARY(512) NOT NULL PRIMARY KEY COMMENT 'UTF-8; to read it: CONVERT(name USING utf8mb4)',
  token BIGINT NOT NULL,
  claim VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin COMMENT 'Secret of the claim on record; null: nobody',
  owner VARCHAR(1024) NOT NULL COMMENT 'For people; % is %25 and NUL is %00',
  principal TEXT NOT NULL,
  mode VARCHAR(16) NOT NULL,
  metadata TEXT NOT NULL COMMENT 'As in an HTML form: key=value&key=value',
  format SMALLINT NOT NULL COMMENT 'Version of the row''s format',
  acquired_at BIGINT NOT NULL,
  ttl BIGINT NOT NULL,
  delay BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  free_at BIGINT NOT NULL COMMENT 'When everybody may take it',
  turn CHAR(16) CHARACTER SET ascii COLLATE ascii_bin COMMENT 'The one replica that may take it earlier',
  line TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'Replicas with waiters, 16 digits and a comma each, first come first',
  revoked VARCHAR(512) NOT NULL COMMENT 'The administrator''s reason while closed by force',
  asked_by BIGINT NOT NULL COMMENT 'The batch that asked last',
  asked_at BIGINT NOT NULL COMMENT 'The clock as that batch read it',
  ask SMALLINT NOT NULL COMMENT 'The number of its question in that batch',
  step CHAR(1) CHARACTER SET ascii COLLATE ascii_bin COMMENT 'What came of it',
  was_token BIGINT NOT NULL COMMENT 'was_*: the row as it was before that question',
  was_claim VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
  was_expires_at BIGINT NOT NULL,
  was_free_at BIGINT NOT NULL,
  was_turn CHAR(16) CHARACTER SET ascii COLLATE ascii_bin,
  was_line TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  was_revoked VARCHAR(512) NOT NULL,
  KEY fencepost_lock_turn (turn)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'One row for each lock in use; free rows keep the last token for a while';

CREATE TABLE IF NOT EXISTS fencepost_mark (
  resource VARBINARY(512) NOT NULL PRIMARY KEY,
  token BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  answer CHAR(1) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'The highest token that each protected resource has seen';

CREATE TABLE IF NOT EXISTS fencepost_replica (
  id CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  address VARCHAR(512) NOT NULL,
  phase VARCHAR(16) NOT NULL,
  seen_at BIGINT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'The servers on this store; living if seen within 10 s';

CREATE TABLE IF NOT EXISTS fencepost_store (
  one SMALLINT NOT NULL PRIMARY KEY,
  id VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
  COMMENT 'The store''s own id, by which it is told from another';
