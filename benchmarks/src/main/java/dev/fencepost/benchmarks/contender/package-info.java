/** The interface of a lock client that is measured, and the catalogue of all of them. */
@NullMarked
package dev.fencepost.benchmarks.contender;

import org.jspecify.annotations.NullMarked;
