/**
 * The {@code fencepost} command: holds locks for shells and scripts, shows which locks are held,
 * and starts a server. {@link dev.fencepost.cli.CommandDispatcher} finds the subcommand of a
 * command line, runs it, and turns every failure into an exit code.
 *
 * <p>The packages below use each other in one direction only: {@code command}, {@code run}, {@code
 * remote}, {@code console}.
 */
@NullMarked
package dev.fencepost.cli;

import org.jspecify.annotations.NullMarked;
