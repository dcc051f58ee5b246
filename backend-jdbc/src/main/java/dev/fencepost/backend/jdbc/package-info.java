/**
 * Locks in a SQL database, one row each: H2 inside the server's own process, the default;
 * PostgreSQL; MariaDB and MySQL. Names are compared as bytes, and time is the database's. A row
 * changes in one atomic step by the rules of {@link dev.fencepost.lock.spi.record.LockRecord}. On
 * H2 that code itself runs in a short transaction. On the others one round trip serves all locks
 * that wait at the moment: one statement on PostgreSQL, one packet of a few statements on MariaDB
 * and MySQL.
 *
 * <p>The algorithm, in reading order:
 *
 * <ol>
 *   <li>{@code sql/postgresql/migration/V1__locks.sql}: the tables
 *   <li>{@link dev.fencepost.backend.jdbc.JdbcStore}: the calls, and the workers that serve them
 *   <li>{@code batch.BatchQueue}: which calls travel together, and when
 *   <li>{@link dev.fencepost.backend.jdbc.batch.StatementWorkers}: what becomes of a batch that
 *       fails
 *   <li>{@link dev.fencepost.backend.jdbc.sql.H2Dialect}: a step as a short transaction
 *   <li>{@code sql/postgresql/acquire.sql} and {@code change.sql}: the same steps as statements,
 *       and their counterparts in {@code sql/mysql}
 *   <li>{@code sql.LockStatements}: a batch as one round trip, and its answers
 *   <li>{@code sql.PostgresWakeListener} and {@code sql.MySqlWakePoller}: how a replica learns of
 *       its turn
 *   <li>{@link dev.fencepost.backend.jdbc.connection.JdbcConnections}: who gets the connections
 *       when there are few
 * </ol>
 *
 * <p>Other modules use {@link dev.fencepost.backend.jdbc.JdbcBackendProvider} and nothing else. A
 * further database would be another {@link dev.fencepost.backend.jdbc.sql.SqlDialect} with its own
 * folder of statements.
 */
@NullMarked
package dev.fencepost.backend.jdbc;

import org.jspecify.annotations.NullMarked;
