package dev.fencepost.backend.etcd.rpc;

import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member of etcd, with one connection at a time, and a second one while certificates are
 * exchanged. Each connection has a unique number, so that an answer tells which connection carried
 * it. Callbacks run on the connection's thread.
 */
final class EtcdMember implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdMember.class);
  private static final Attributes.Key<Long> CONNECTION = Attributes.Key.create("connection");
  private static final int MAX_MESSAGE_BYTES = 64 << 20;

  /** etcd refuses pings that come closer than 5 s. */
  private static final long PING_SECONDS = 10;

  private static final long PING_TIMEOUT_SECONDS = 5;

  /**
   * The most time to connect, and the most silence of a connection with an overdue answer. gRPC
   * does not limit the former, and the pings that etcd allows are too slow for the latter.
   */
  private static final long MAX_SILENCE_NANOS = 5_000_000_000L;

  /**
   * Detaches calls to etcd from the incoming call that caused them. gRPC would cancel them as soon
   * as that call is answered or given up, although other calls wait for the same transaction.
   */
  static final ClientInterceptor DETACHED =
      new ClientInterceptor() {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
            MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
          Context former = Context.ROOT.attach();
          try {
            return next.newCall(method, options);
          } finally {
            Context.ROOT.detach(former);
          }
        }
      };

  private final EtcdSettings.Endpoint endpoint;
  private final EtcdCredentials credentials;
  private final long formerNanos;
  private final LongSupplier onConnected;
  private volatile ManagedChannel channel;
  private volatile long lastHeardNanos = System.nanoTime();
  private volatile boolean overdue;

  /** The number of channels before the present one. */
  private volatile int generation;

  /** A channel with new certificates that does not connect yet. */
  private @Nullable ManagedChannel next;

  private boolean isNextRefused;

  /** The channel before the last exchange of certificates, for the calls that are in it. */
  private @Nullable ManagedChannel former;

  private long formerUntilNanos;
  private boolean closed;

  /**
   * Makes the channel. It connects with the first call.
   *
   * @param callTimeout the most time of a call
   * @param onConnected runs before a new connection is used, and returns its number
   */
  EtcdMember(
      EtcdSettings.Endpoint endpoint,
      EtcdCredentials credentials,
      Duration callTimeout,
      LongSupplier onConnected) {
    this.endpoint = endpoint;
    this.credentials = credentials;
    this.formerNanos = callTimeout.multipliedBy(2).toNanos();
    this.onConnected = onConnected;
    channel = newChannel();
  }

  private ManagedChannel newChannel() {
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilderForAddress(endpoint.host(), endpoint.port(), credentials.current());
    credentials.serverName().ifPresent(builder::overrideAuthority);
    return builder
        .directExecutor()
        .intercept(DETACHED)
        // A transaction that is sent twice runs twice, so only callers retry.
        .disableRetry()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(PING_TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .addTransportFilter(
            new ClientTransportFilter() {
              @Override
              public Attributes transportReady(Attributes attributes) {
                onHeard();
                return attributes.toBuilder().set(CONNECTION, onConnected.getAsLong()).build();
              }
            })
        .build();
  }

  <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
    return channel.newCall(method, options);
  }

  /** Returns the connection that carried the call; 0 if it never reached one. */
  static long connectionOf(ClientCall<?, ?> call) {
    return connectionOf(call.getAttributes());
  }

  /** Returns the connection with these attributes; 0 if no connection has them. */
  static long connectionOf(Attributes transport) {
    return Optional.ofNullable(transport.get(CONNECTION)).orElse(0L);
  }

  /** Records that the member answered. */
  void onHeard() {
    lastHeardNanos = System.nanoTime();
    overdue = false;
  }

  /** Records that the member did not answer a call in time. */
  void onOverdue() {
    overdue = true;
  }

  /**
   * Reconnects without delay where gRPC would wait, and gives up a connection that is silent.
   * Called often.
   */
  void reconnect() {
    ConnectivityState state = channel.getState(false);
    if (state == ConnectivityState.TRANSIENT_FAILURE) {
      channel.resetConnectBackoff();
    }
    boolean isConnecting = state != ConnectivityState.READY && state != ConnectivityState.IDLE;
    if ((isConnecting || overdue) && System.nanoTime() - lastHeardNanos > MAX_SILENCE_NANOS) {
      replaceChannel();
    }
    moveToNext();
  }

  private void replaceChannel() {
    ManagedChannel silent;
    synchronized (this) {
      if (closed) {
        return;
      }
      silent = channel;
      channel = newChannel();
      onHeard();
    }
    silent.shutdownNow();
  }

  /**
   * Begins a connection with new certificates. The present one is used until the other stands, so
   * that certificates that etcd does not accept end no connection.
   */
  synchronized void renew() {
    if (!closed) {
      shutDown(next);
      next = newChannel();
      isNextRefused = false;
    }
  }

  /**
   * Moves to the channel with new certificates if it is connected, or if the present one is not.
   */
  private synchronized void moveToNext() {
    long now = System.nanoTime();
    if (former != null && now - formerUntilNanos > 0) {
      shutDown(former);
      former = null;
    }
    ManagedChannel renewed = next;
    if (renewed == null || closed) {
      return;
    }
    // An idle channel is replaced without connecting.
    ConnectivityState state =
        channel.getState(false) == ConnectivityState.READY
            ? renewed.getState(true)
            : ConnectivityState.READY;
    if (state == ConnectivityState.READY) {
      shutDown(former);
      former = channel;
      formerUntilNanos = now + formerNanos;
      channel = renewed;
      next = null;
      generation++;
      onHeard();
    } else if (state == ConnectivityState.TRANSIENT_FAILURE && !isNextRefused) {
      isNextRefused = true;
      LOG.warn(
          "etcd's member {}:{} cannot be connected to with the new certificates; the connection"
              + " before stays in use",
          endpoint.host(),
          endpoint.port());
    }
  }

  /** Returns the number of channels before the present one. */
  int generation() {
    return generation;
  }

  /** Closes the connections, and fails all calls. */
  @Override
  public synchronized void close() {
    closed = true;
    shutDown(channel);
    shutDown(next);
    shutDown(former);
  }

  private static void shutDown(@Nullable ManagedChannel channel) {
    if (channel != null) {
      channel.shutdownNow();
    }
  }

  /**
   * Restricts a call to one connection. gRPC asks when it has chosen the connection and before it
   * sends anything. A call that would go over another connection fails as {@link
   * EtcdException.Kind#NOT_SENT}.
   */
  static final class PinnedConnection extends CallCredentials {
    private final long connection;

    PinnedConnection(long connection) {
      this.connection = connection;
    }

    @Override
    public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
      if (connectionOf(call.getTransportAttrs()) == connection) {
        applier.apply(new Metadata());
      } else {
        applier.fail(Status.UNAVAILABLE.withCause(new OtherConnection()));
      }
    }
  }

  /** The reason why a call was not sent. */
  static final class OtherConnection extends Exception {
    private static final long serialVersionUID = 1L;

    OtherConnection() {
      super("another connection", null, false, false);
    }
  }
}
