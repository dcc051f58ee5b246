-- The reason why this user cannot make the tables, with its remedy.
SELECT CASE
  WHEN current_schema() IS NULL
    THEN 'no schema of the search path exists; make one, or name one that does'
  ELSE 'user ' || current_user || ' may not make Fencepost''s tables in schema ' || current_schema()
    || '; GRANT USAGE, CREATE ON SCHEMA ' || current_schema()
    || ' TO it, or let an administrator apply the statements that `fencepost schema` prints' END
WHERE NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE)
