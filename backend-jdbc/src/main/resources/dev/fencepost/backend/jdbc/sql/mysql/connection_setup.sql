SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET NAMES utf8mb4 COLLATE utf8mb4_bin;
SET SESSION
  time_zone = '+00:00',
  sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
  autocommit = 1,
  innodb_lock_wait_timeout = 1,
  lock_wait_timeout = ${call_seconds},
  net_read_timeout = ${call_seconds},
  net_write_timeout = ${call_seconds},
  wait_timeout = 28800
  /*M!100600 , max_statement_time = ${call_seconds} */
  /*!80000 , max_execution_time = ${call_millis} */
