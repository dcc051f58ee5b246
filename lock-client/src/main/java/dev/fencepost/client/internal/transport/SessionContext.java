package dev.fencepost.client.internal.transport;

import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.proto.v1.Hello;
import java.util.concurrent.Executor;

/**
 * Shared by all sessions of a client.
 *
 * @param hello their greeting
 * @param clock the client's clock
 * @param offload runs work that must not run in a transport's callback
 * @param sessions the sessions that are not over
 */
record SessionContext(
    Hello hello, ClientClock clock, Executor offload, TimingWheel<SessionStream> sessions) {}
