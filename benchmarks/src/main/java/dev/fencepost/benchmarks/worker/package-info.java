/** The client's process: does what it is told, measures it, and checks it while it measures. */
@NullMarked
package dev.fencepost.benchmarks.worker;

import org.jspecify.annotations.NullMarked;
