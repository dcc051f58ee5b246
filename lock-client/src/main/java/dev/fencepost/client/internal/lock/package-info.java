/**
 * The implementation of the public interfaces: acquires, held locks, their renewals and releases,
 * watches and other calls. It stands above {@code internal.transport} and {@code internal.time}.
 * Applications use {@link dev.fencepost.client.FencepostClient} instead.
 */
@NullMarked
package dev.fencepost.client.internal.lock;

import org.jspecify.annotations.NullMarked;
