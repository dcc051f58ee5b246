package dev.fencepost.backend.etcd;

/**
 * An answer.
 *
 * @param message what etcd said
 * @param connection over which connection it came
 */
record EtcdReply<A>(A message, long connection) {}
