package dev.fencepost.backend.etcd.rpc;

/**
 * The answer to a call.
 *
 * @param message etcd's message
 * @param connection the number of the connection that carried it
 */
public record EtcdReply<A>(A message, long connection) {}
