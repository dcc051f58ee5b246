/** Stores as processes of their own, each with its default settings. */
@NullMarked
package dev.fencepost.benchmarks.store;

import org.jspecify.annotations.NullMarked;
