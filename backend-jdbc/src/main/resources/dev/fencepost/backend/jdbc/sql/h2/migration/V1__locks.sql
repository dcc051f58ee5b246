-- Names are bytes, so that no collation decides which locks are the same. Times are microseconds
-- since 1970 by the clock of the process that has the database open.
CREATE TABLE IF NOT EXISTS fencepost_lock (
  name VARBINARY(512) NOT NULL PRIMARY KEY,
  token BIGINT NOT NULL,
  claim VARCHAR,
  owner VARCHAR NOT NULL,
  principal VARCHAR NOT NULL,
  mode VARCHAR NOT NULL,
  metadata VARCHAR NOT NULL,
  format SMALLINT NOT NULL,
  acquired_at BIGINT NOT NULL,
  ttl BIGINT NOT NULL,
  delay BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  free_at BIGINT NOT NULL,
  turn VARCHAR,
  line VARCHAR NOT NULL,
  revoked VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS fencepost_mark (
  resource VARBINARY(512) NOT NULL PRIMARY KEY,
  token BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS fencepost_replica (
  id VARCHAR NOT NULL PRIMARY KEY,
  address VARCHAR NOT NULL,
  phase VARCHAR NOT NULL,
  seen_at BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS fencepost_store (
  one SMALLINT NOT NULL PRIMARY KEY,
  id VARCHAR NOT NULL,
  created_at BIGINT NOT NULL
);
