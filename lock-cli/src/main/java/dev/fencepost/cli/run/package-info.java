/**
 * Runs a command while a lock is held: starts it in a process group of its own, renews the lease,
 * and ends the group before the lease ends. A watchdog process does the same if this JVM dies or is
 * stopped.
 */
@NullMarked
package dev.fencepost.cli.run;

import org.jspecify.annotations.NullMarked;
