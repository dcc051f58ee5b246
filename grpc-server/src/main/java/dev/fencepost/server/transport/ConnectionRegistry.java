package dev.fencepost.server.transport;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ServerChannel;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The open gRPC connections of a server with the identity of each peer. Thread-safe.
 *
 * <p>A connection is registered before its first call is handled. So code that withdraws a right
 * publishes the new rules first and then calls {@link #closeIf}: a connection that it does not find
 * yet is judged by the new rules.
 */
public final class ConnectionRegistry extends ServerTransportFilter {
  private final Map<EndPoints, Connection> open = new ConcurrentHashMap<>();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final ConnectionQuota quota;
  private volatile Predicate<TransportIdentity> admission = peer -> true;

  /** Both ends of a connection. */
  private record EndPoints(@Nullable SocketAddress local, @Nullable SocketAddress remote) {}

  /** A connection and its peer; the identity is null until the handshake is complete. */
  private record Connection(Channel channel, @Nullable TransportIdentity identity) {}

  /** Creates a registry without connections. */
  public ConnectionRegistry(ConnectionQuota quota) {
    this.quota = quota;
  }

  /** Sets the condition that each new connection must meet after its handshake. */
  void admitOnly(Predicate<TransportIdentity> condition) {
    admission = condition;
  }

  /** Registers all connections that the listening channel accepts. */
  public <T extends ServerChannel> T watch(T listening) {
    listening.pipeline().addFirst(new AcceptHandler());
    return listening;
  }

  /** Returns the number of connections, including those whose handshake is in progress. */
  public int size() {
    return open.size();
  }

  /** Returns the number of connections whose handshake was completed since the start. */
  public long acceptedCount() {
    return accepted.sum();
  }

  /** Returns the number of connections that were closed because of the quota since the start. */
  public long refusedCount() {
    return refused.sum();
  }

  /**
   * Closes each connection whose peer matches, at once and without a farewell. Open calls on it are
   * cancelled; end them with a status of their own before. Returns the number of connections.
   */
  public int closeIf(Predicate<TransportIdentity> condition) {
    int closed = 0;
    for (Connection each : open.values()) {
      TransportIdentity identity = each.identity();
      if (identity != null && condition.test(identity)) {
        cut(each.channel());
        closed++;
      }
    }
    return closed;
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    accepted.increment();
    Attributes identified = TransportIdentity.attach(attributes);
    TransportIdentity identity = TransportIdentity.of(identified);
    SSLSession session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session != null) {
      session.invalidate(); // for later connections, which then prove their identity themselves
    }
    Connection registered =
        open.computeIfPresent(
            endPoints(attributes), (key, value) -> new Connection(value.channel(), identity));
    // Registered first and judged afterwards, so that no exchange of authorities misses it.
    if (registered != null && !admission.test(identity)) {
      cut(registered.channel());
    }
    return identified;
  }

  private static EndPoints endPoints(Attributes attributes) {
    return new EndPoints(
        attributes.get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR),
        attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
  }

  /**
   * Closes the socket. {@code channel.close()} would pass the handler of HTTP/2, which says a
   * polite goodbye and keeps the streams.
   */
  private static void cut(Channel channel) {
    channel
        .eventLoop()
        .execute(
            () -> {
              ChannelHandlerContext first = channel.pipeline().firstContext();
              if (first != null) {
                closeNow(first);
              }
            });
  }

  @SuppressWarnings("FutureReturnValueIgnored") // nothing waits for the end of a connection
  private static void closeNow(ChannelHandlerContext first) {
    first.close();
  }

  private void add(Channel channel) {
    EndPoints key = new EndPoints(channel.localAddress(), channel.remoteAddress());
    Connection connection = new Connection(channel, null);
    open.put(key, connection);
    channel
        .closeFuture()
        .addListener(
            closed ->
                // The same end points may already be in use again.
                open.computeIfPresent(
                    key, (same, value) -> value.channel() == channel ? null : value));
  }

  /** Sees each accepted connection first, before its TLS handshake. */
  private final class AcceptHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
      Channel connection = (Channel) message;
      SocketAddress peer = connection.remoteAddress();
      if (peer == null || !quota.tryTake(peer)) {
        refused.increment();
        connection.unsafe().closeForcibly();
        return;
      }
      connection.closeFuture().addListener(closed -> quota.giveBack(peer));
      connection.pipeline().addFirst(new RegistrationHandler());
      super.channelRead(ctx, message);
    }
  }

  /** Registers a connection once it has an event loop. */
  private final class RegistrationHandler extends ChannelInitializer<Channel> {
    @Override
    protected void initChannel(Channel channel) {
      add(channel);
    }
  }
}
