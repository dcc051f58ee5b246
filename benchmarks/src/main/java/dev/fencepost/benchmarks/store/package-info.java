/** The stores, each as a process of its own, with the settings that are its defaults. */
@NullMarked
package dev.fencepost.benchmarks.store;

import org.jspecify.annotations.NullMarked;
