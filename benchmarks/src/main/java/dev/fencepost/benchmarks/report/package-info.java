/** Results of a run: rows, ratios, targets and the Markdown report. */
@NullMarked
package dev.fencepost.benchmarks.report;

import org.jspecify.annotations.NullMarked;
