package dev.fencepost.backend.etcd;

import dev.fencepost.lock.spi.StoreConfigurationException;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * One member of etcd: a channel of one connection at a time. Each connection has a number that no
 * other has, so that an answer tells over which one it came. Callbacks come on the connection's own
 * thread.
 */
final class EtcdMember implements AutoCloseable {
  private static final Attributes.Key<Long> CONNECTION = Attributes.Key.create("connection");
  private static final int MAX_MESSAGE_BYTES = 64 << 20;

  /** etcd refuses pings that come closer than 5 s. */
  private static final long PING_SECONDS = 10;

  private static final long PING_TIMEOUT_SECONDS = 5;

  /**
   * So long a connection may take to be made, or say nothing where an answer is overdue. gRPC has
   * no limit for the one, and pings that etcd allows are too slow for the other.
   */
  private static final long LONGEST_SILENCE_NANOS = 5_000_000_000L;

  private final EtcdSettings.Endpoint endpoint;
  private final Optional<EtcdSettings.Tls> tls;
  private final LongSupplier connected;
  private volatile ManagedChannel channel;
  private volatile long heardNanos = System.nanoTime();
  private volatile boolean overdue;
  private boolean closed;

  /**
   * Makes the channel; connects with the first call.
   *
   * @param connected told of each new connection before any call goes over it; answers its number
   */
  EtcdMember(
      EtcdSettings.Endpoint endpoint, Optional<EtcdSettings.Tls> tls, LongSupplier connected) {
    this.endpoint = endpoint;
    this.tls = tls;
    this.connected = connected;
    channel = newChannel();
  }

  private ManagedChannel newChannel() {
    return Grpc.newChannelBuilderForAddress(endpoint.host(), endpoint.port(), credentials(tls))
        .directExecutor()
        .intercept(new DetachedContext())
        // A transaction that is sent twice happens twice: no retry but the caller's.
        .disableRetry()
        .maxInboundMessageSize(MAX_MESSAGE_BYTES)
        .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(PING_TIMEOUT_SECONDS, TimeUnit.SECONDS)
        .addTransportFilter(
            new ClientTransportFilter() {
              @Override
              public Attributes transportReady(Attributes attributes) {
                heard();
                return attributes.toBuilder().set(CONNECTION, connected.getAsLong()).build();
              }
            })
        .build();
  }

  <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
    return channel.newCall(method, options);
  }

  /** Over which connection the call went; 0 if it never reached one. */
  static long connectionOf(ClientCall<?, ?> call) {
    return connectionOf(call.getAttributes());
  }

  /** Which connection has these attributes; 0 if they are none's. */
  static long connectionOf(Attributes transport) {
    return Optional.ofNullable(transport.get(CONNECTION)).orElse(0L);
  }

  /** It said something. */
  void heard() {
    heardNanos = System.nanoTime();
    overdue = false;
  }

  /** It did not answer a call in its time. */
  void isOverdue() {
    overdue = true;
  }

  /**
   * Connects again at once, if it was about to wait; gives up a connection that is silent. To be
   * called often.
   */
  void nudge() {
    ConnectivityState state = channel.getState(false);
    if (state == ConnectivityState.TRANSIENT_FAILURE) {
      channel.resetConnectBackoff();
    }
    boolean isConnecting = state != ConnectivityState.READY && state != ConnectivityState.IDLE;
    if ((isConnecting || overdue) && System.nanoTime() - heardNanos > LONGEST_SILENCE_NANOS) {
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
      heard();
    }
    former.shutdownNow();
  }

  /** Breaks the connection and all calls. */
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
}
