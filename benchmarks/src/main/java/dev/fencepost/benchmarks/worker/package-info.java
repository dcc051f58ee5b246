/** The client's process: tasks that use locks, their measurements and their checks. */
@NullMarked
package dev.fencepost.benchmarks.worker;

import org.jspecify.annotations.NullMarked;
