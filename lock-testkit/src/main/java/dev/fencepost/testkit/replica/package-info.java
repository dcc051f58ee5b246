/**
 * An open backend on a real store for the tests of its module, and threads that contend for its
 * locks while faults happen.
 */
@NullMarked
package dev.fencepost.testkit.replica;

import org.jspecify.annotations.NullMarked;
