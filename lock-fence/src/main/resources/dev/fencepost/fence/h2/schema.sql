CREATE TABLE fence_guard (
  resource VARCHAR(512) PRIMARY KEY,
  token    BIGINT NOT NULL
);
