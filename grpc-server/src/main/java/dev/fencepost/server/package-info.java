/**
 * One running replica: its start, health and shutdown. {@link dev.fencepost.server.ServerMain} is
 * for the command line, {@link dev.fencepost.server.FencepostServer} for programs that embed a
 * server.
 */
@NullMarked
package dev.fencepost.server;

import org.jspecify.annotations.NullMarked;
