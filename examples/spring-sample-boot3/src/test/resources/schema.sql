CREATE TABLE fence_guard (
  resource VARCHAR(512) PRIMARY KEY,
  token    BIGINT NOT NULL
);

CREATE TABLE shipments (
  orders BIGINT NOT NULL,
  token  BIGINT NOT NULL
);
