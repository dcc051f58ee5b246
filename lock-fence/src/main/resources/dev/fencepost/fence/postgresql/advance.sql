-- One row: passed. No row: stale. Either way the row is locked until the transaction ends.
INSERT INTO fence_guard AS guard (resource, token) VALUES (?, ?)
ON CONFLICT (resource) DO UPDATE SET token = EXCLUDED.token
WHERE guard.token <= EXCLUDED.token
