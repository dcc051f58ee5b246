/**
 * Connections to the database: the settings, the pools with priority for owners, and the meaning of
 * SQL errors.
 */
@NullMarked
package dev.fencepost.backend.jdbc.connection;

import org.jspecify.annotations.NullMarked;
