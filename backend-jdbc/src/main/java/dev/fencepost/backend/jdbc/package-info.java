/**
 * Locks in a SQL database, one row each: H2 inside the server's own process, the default;
 * PostgreSQL; MariaDB and MySQL. Names are compared as bytes, and time is the database's. A row
 * changes in one atomic step by the rules of {@link dev.fencepost.lock.spi.record.LockRecord}. On
 * H2 that code itself runs in a short transaction. On the others one round trip serves all locks
 * that wait at the moment: one statement on PostgreSQL, one packet of a few statements on MariaDB
 * and MySQL.
 *
 * <p>This package has the backend, the open store and the operations that read. {@code batch} has
 * the queues and the worker threads, {@code sql} the dialects and their statements, {@code
 * connection} the settings, the pools and the meaning of errors. Other modules use {@link
 * dev.fencepost.backend.jdbc.JdbcBackendProvider} and nothing else. A further database would be
 * another {@link dev.fencepost.backend.jdbc.sql.SqlDialect} with its own folder of statements.
 */
@NullMarked
package dev.fencepost.backend.jdbc;

import org.jspecify.annotations.NullMarked;
