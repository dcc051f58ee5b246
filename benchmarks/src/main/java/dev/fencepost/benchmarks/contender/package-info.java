/** What is compared: anything that gives a lock to one caller at a time, and the list of all. */
@NullMarked
package dev.fencepost.benchmarks.contender;

import org.jspecify.annotations.NullMarked;
