/**
 * Connections to the replicas: addresses, routing, session streams and their queues, and the
 * conversion from and to protocol messages. It knows {@code internal.time} and the public values
 * and exceptions, but not the operations that it carries.
 */
@NullMarked
package dev.fencepost.client.internal.transport;

import org.jspecify.annotations.NullMarked;
