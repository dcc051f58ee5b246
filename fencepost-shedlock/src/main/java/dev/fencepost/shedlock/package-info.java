/** Fencepost as the lock provider of ShedLock. */
@NullMarked
package dev.fencepost.shedlock;

import org.jspecify.annotations.NullMarked;
