-- One server at a time makes the tables. Ends with its connection.
SELECT pg_advisory_lock(hashtext('fencepost.' || current_schema()))
