/**
 * Locks kept in a SQL database, one row each: H2 inside the server's own process, the default;
 * PostgreSQL; MariaDB and MySQL. Names are told apart by their bytes, time is the database's, and a
 * row changes in one atomic step by the rules of {@link dev.fencepost.lock.spi.record.LockRecord}:
 * on H2 by that very code in a short transaction, on the others in one round trip for as many locks
 * as wait at the moment, which is one statement on PostgreSQL and one packet of a few on MariaDB
 * and MySQL.
 *
 * <p>The only public type is {@link dev.fencepost.backend.jdbc.JdbcBackendProvider}. Another
 * database would be another {@link dev.fencepost.backend.jdbc.Database} with a folder of statements
 * of its own.
 */
@NullMarked
package dev.fencepost.backend.jdbc;

import org.jspecify.annotations.NullMarked;
