/**
 * One running replica: how it starts, tells its health and goes. {@link
 * dev.fencepost.server.ServerMain} is for the command line, {@link
 * dev.fencepost.server.FencepostServer} for programs that hold a server in themselves.
 */
@NullMarked
package dev.fencepost.server;

import org.jspecify.annotations.NullMarked;
