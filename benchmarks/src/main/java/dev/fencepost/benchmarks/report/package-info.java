/** What was found, for machines and for people. */
@NullMarked
package dev.fencepost.benchmarks.report;

import org.jspecify.annotations.NullMarked;
