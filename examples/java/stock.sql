-- The tables of LastItemInStock, for H2. Running it again changes nothing.
CREATE TABLE IF NOT EXISTS stock (item VARCHAR(100) PRIMARY KEY, units INT NOT NULL);
CREATE TABLE IF NOT EXISTS sale (item VARCHAR(100) NOT NULL, buyer VARCHAR(100) NOT NULL);
-- The fence's marks: docs/fencing.md has this table for PostgreSQL, MySQL and MariaDB.
CREATE TABLE IF NOT EXISTS fence_guard (resource VARCHAR(512) PRIMARY KEY, token BIGINT NOT NULL);
INSERT INTO stock SELECT 'stock/teapot', 1 WHERE NOT EXISTS (SELECT * FROM stock);
