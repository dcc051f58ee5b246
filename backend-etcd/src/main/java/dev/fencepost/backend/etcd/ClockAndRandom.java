package dev.fencepost.backend.etcd;

import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The clock and the randomness of a backend.
 *
 * @param clockNanos the wall clock, in ns since 1970; for tokens and for people, never for
 *     ownership
 * @param random 64 random bits
 * @param newStoreId an id that no other store has
 */
record ClockAndRandom(LongSupplier clockNanos, LongSupplier random, Supplier<String> newStoreId) {}
