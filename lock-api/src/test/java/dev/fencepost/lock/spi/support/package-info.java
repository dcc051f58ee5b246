/**
 * Tests of the skeleton of backends: by hand, in all orders of a few steps, and under explored
 * schedules of threads.
 */
@NullMarked
package dev.fencepost.lock.spi.support;

import org.jspecify.annotations.NullMarked;
