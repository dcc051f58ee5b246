/** The libraries and hand-written locks that are compared, and clients of Fencepost. */
@NullMarked
package dev.fencepost.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
