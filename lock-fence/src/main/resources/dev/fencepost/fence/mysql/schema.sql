CREATE TABLE fence_guard (
  resource VARBINARY(512) PRIMARY KEY,
  token    BIGINT NOT NULL
) ENGINE = InnoDB;
