/**
 * Real stores and real faults on one machine: processes that are started, killed and paused by
 * their own id, and a proxy that loses, delays and cuts what passes through it.
 *
 * <p>Every process that is started here ends with this JVM, however that ends, and after {@link
 * dev.fencepost.testkit.process.StoreProcess#BOUND} at the latest.
 */
@NullMarked
package dev.fencepost.testkit.process;

import org.jspecify.annotations.NullMarked;
