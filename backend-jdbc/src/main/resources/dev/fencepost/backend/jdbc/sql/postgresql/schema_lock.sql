-- Only one server at a time makes the tables. The lock ends with the transaction, and so with the
-- connection, even behind a pooler.
SELECT pg_advisory_xact_lock(hashtext('fencepost.' || current_schema()))
