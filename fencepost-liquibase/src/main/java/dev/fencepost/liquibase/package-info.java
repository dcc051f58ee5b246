/** Fencepost as the lock of Liquibase. */
@NullMarked
package dev.fencepost.liquibase;

import org.jspecify.annotations.NullMarked;
