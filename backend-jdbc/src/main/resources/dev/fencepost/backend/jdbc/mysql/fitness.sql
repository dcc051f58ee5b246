-- After a pause in the middle of the statement SYSDATE is later than its beginning, unless the
-- server was told that it is the same.
SELECT VERSION() AS version, DATABASE() AS place,
  TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) AS moved
FROM (SELECT SLEEP(0.005) AS slept) s
