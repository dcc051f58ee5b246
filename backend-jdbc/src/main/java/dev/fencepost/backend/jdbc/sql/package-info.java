/**
 * The dialects of H2, PostgreSQL, and MariaDB and MySQL, with their statements, tables and checks.
 * The statements are resource files beside {@link dev.fencepost.backend.jdbc.sql.SqlStatements}. A
 * dialect executes the commands of a batch and records their outcomes.
 */
@NullMarked
package dev.fencepost.backend.jdbc.sql;

import org.jspecify.annotations.NullMarked;
