/** The reference rules, where the contract suite cannot look inside. */
@NullMarked
package dev.fencepost.lock.spi.record;

import org.jspecify.annotations.NullMarked;
