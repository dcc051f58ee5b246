/**
 * The skeleton that backends share: opening and closing, bounded lanes of calls with deadlines,
 * commands and steps by the rules of {@link dev.fencepost.lock.spi.record.LockRecord}, and token
 * bases. A backend adds the algorithm of its store.
 */
@NullMarked
package dev.fencepost.lock.spi.support;

import org.jspecify.annotations.NullMarked;
