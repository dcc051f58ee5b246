/**
 * The process and its caller: the command line's options as typed values, standard output and
 * error, environment variables, signals and exit codes. Nothing here calls a server.
 */
@NullMarked
package dev.fencepost.cli.console;

import org.jspecify.annotations.NullMarked;
