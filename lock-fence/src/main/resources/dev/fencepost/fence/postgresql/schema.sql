CREATE TABLE fence_guard (
  resource TEXT COLLATE "C" PRIMARY KEY,
  token    BIGINT NOT NULL
);
