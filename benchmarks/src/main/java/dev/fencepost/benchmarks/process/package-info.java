/** The other processes of a run: servers, the echo, the wire that delays. */
@NullMarked
package dev.fencepost.benchmarks.process;

import org.jspecify.annotations.NullMarked;
