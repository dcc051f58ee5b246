-- One server at a time makes the tables. Ends with its transaction, and so with its connection even
-- behind a pooler.
SELECT pg_advisory_xact_lock(hashtext('fencepost.' || current_schema()))
