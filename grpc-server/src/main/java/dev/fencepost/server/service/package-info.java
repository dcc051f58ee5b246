/**
 * Assembles the gRPC services from the packages below. The services are thin adapters: they check
 * requests, call the coordinator and map its answers. Handlers run on the threads of the transport
 * and never block.
 */
@NullMarked
package dev.fencepost.server.service;

import org.jspecify.annotations.NullMarked;
