/** The driver: starts all processes, gives the contenders their turns, and collects the results. */
@NullMarked
package dev.fencepost.benchmarks.driver;

import org.jspecify.annotations.NullMarked;
