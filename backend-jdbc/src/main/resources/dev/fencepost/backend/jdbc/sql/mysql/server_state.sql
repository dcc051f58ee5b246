-- After a pause within the statement SYSDATE is later than the start of the statement, unless the
-- server is configured to make both the same.
SELECT VERSION() AS version, DATABASE() AS place,
  TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) AS moved
FROM (SELECT SLEEP(0.005) AS slept) s
