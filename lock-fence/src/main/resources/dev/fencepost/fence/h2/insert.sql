-- Fails if another was quicker; the transaction goes on.
INSERT INTO fence_guard (resource, token) VALUES (?, ?)
