/**
 * The rules by which a lock's record changes, written once as pure functions: the reference that
 * every backend's own atomic step (SQL, Lua, transaction) must agree with, and the very code of
 * those stores that decide in this process.
 */
@NullMarked
package dev.fencepost.lock.spi.record;

import org.jspecify.annotations.NullMarked;
