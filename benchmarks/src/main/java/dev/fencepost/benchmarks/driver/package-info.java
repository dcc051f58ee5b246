/** The program that starts everything, has the contenders take turns, and collects. */
@NullMarked
package dev.fencepost.benchmarks.driver;

import org.jspecify.annotations.NullMarked;
