/**
 * The gRPC services: thin adapters that check what came, ask the coordinator and translate its
 * answer. Handlers run on the transport's threads and never block.
 */
@NullMarked
package dev.fencepost.server.service;

import org.jspecify.annotations.NullMarked;
