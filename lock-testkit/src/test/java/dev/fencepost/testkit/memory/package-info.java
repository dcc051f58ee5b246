/**
 * The smallest backend: a map behind a simulated wire, on the skeleton of {@link
 * dev.fencepost.lock.spi.support}. Read it before you write another one, in this order: {@link
 * dev.fencepost.testkit.memory.MapServer} is the store, {@link
 * dev.fencepost.testkit.memory.MapBackend} opens it, {@link dev.fencepost.testkit.memory.MapStore}
 * is the open store, {@link dev.fencepost.testkit.memory.MapLockTable} its algorithm.
 */
@NullMarked
package dev.fencepost.testkit.memory;

import org.jspecify.annotations.NullMarked;
