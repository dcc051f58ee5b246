package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.StoreConfigurationException;
import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * One member of etcd, with one connection at a time. Each connection has a unique number, so that
 * an answer tells which connection carried it. Callbacks run on the connection's thread.
 */
final class EtcdMember implements AutoCloseable {
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
  private final Optional<EtcdSettings.Tls> tls;
  private final LongSupplier onConnected;
  private volatile ManagedChannel channel;
  private volatile long lastHeardNanos = System.nanoTime();
  private volatile boolean overdue;
  private boolean closed;

  /**
   * Makes the channel. It connects with the first call.
   *
   * @param onConnected runs before a new connection is used, and returns its number
   */
  EtcdMember(
      EtcdSettings.Endpoint endpoint, Optional<EtcdSettings.Tls> tls, LongSupplier onConnected) {
    this.endpoint = endpoint;
    this.tls = tls;
    this.onConnected = onConnected;
    channel = newChannel();
  }

  private ManagedChannel newChannel() {
    return Grpc.newChannelBuilderForAddress(endpoint.host(), endpoint.port(), credentials(tls))
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
  }

  private void replaceChannel() {
    ManagedChannel former;
    synchronized (this) {
      if (closed) {
        return;
      }
      former = channel;
      channel = newChannel();
      onHeard();
    }
    former.shutdownNow();
  }

  /** Closes the connection, and fails all calls. */
  @Override
  public synchronized void close() {
    closed = true;
    channel.shutdownNow();
  }

  private static ChannelCredentials credentials(Optional<EtcdSettings.Tls> tls) {
    if (tls.isEmpty()) {
      return InsecureChannelCredentials.create();
    }
    EtcdSettings.Tls files = tls.orElseThrow();
    TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
    try {
      if (files.ca().isPresent()) {
        builder.trustManager(files.ca().orElseThrow().toFile());
      }
      if (files.certificate().isPresent()) {
        builder.keyManager(
            files.certificate().orElseThrow().toFile(), files.key().orElseThrow().toFile());
      }
    } catch (IOException e) {
      throw new StoreConfigurationException("store options tls-…: cannot read a file", e);
    }
    return builder.build();
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
