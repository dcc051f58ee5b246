/**
 * The {@code fencepost} command: locks for shells and scripts, a look at what is held, and the
 * start of a server.
 *
 * <p>Each command is a class of its own that describes its options and runs; {@link
 * dev.fencepost.cli.Fencepost} finds it, and turns whatever goes wrong into an exit code.
 */
@NullMarked
package dev.fencepost.cli;

import org.jspecify.annotations.NullMarked;
