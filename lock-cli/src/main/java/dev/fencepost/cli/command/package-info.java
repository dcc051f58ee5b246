/**
 * The subcommands, one class each: a subcommand declares its options, reads them, asks a server and
 * prints the answer. {@link dev.fencepost.cli.command.ServerEntry} is the only class of the module
 * that uses the server's classes.
 */
@NullMarked
package dev.fencepost.cli.command;

import org.jspecify.annotations.NullMarked;
