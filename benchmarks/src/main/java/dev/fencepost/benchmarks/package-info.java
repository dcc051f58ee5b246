/** How fast it is, beside what anybody would write by hand. Programs, not tests. */
@NullMarked
package dev.fencepost.benchmarks;

import org.jspecify.annotations.NullMarked;
