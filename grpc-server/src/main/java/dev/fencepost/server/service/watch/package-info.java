/** Streams the states of locks to clients that watch them. */
@NullMarked
package dev.fencepost.server.service.watch;

import org.jspecify.annotations.NullMarked;
