package dev.fencepost.backend.etcd;

/**
 * The answer to a call.
 *
 * @param message etcd's message
 * @param connection the number of the connection that carried it
 */
record EtcdReply<A>(A message, long connection) {}
