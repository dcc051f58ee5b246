/** A Fencepost server for the tests of users, on a store in memory. */
@NullMarked
package dev.fencepost.junit;

import org.jspecify.annotations.NullMarked;
