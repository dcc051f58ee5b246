/** The libraries and the hand-written locks that people use on the same stores. */
@NullMarked
package dev.fencepost.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
