/** Main programs of the other processes: Fencepost, the echo, the ceiling, the delaying proxy. */
@NullMarked
package dev.fencepost.benchmarks.process;

import org.jspecify.annotations.NullMarked;
