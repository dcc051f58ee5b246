/**
 * One backend on a real store, as the tests of its module use it: opened, asked, woken, and fought
 * over by many threads while faults come and go.
 */
@NullMarked
package dev.fencepost.testkit.replica;

import org.jspecify.annotations.NullMarked;
