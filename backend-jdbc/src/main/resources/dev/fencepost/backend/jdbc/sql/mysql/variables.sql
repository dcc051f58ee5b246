SHOW GLOBAL VARIABLES WHERE Variable_name IN (
  'read_only', 'innodb_read_only', 'log_bin', 'binlog_format', 'sync_binlog',
  'innodb_flush_log_at_trx_commit')
