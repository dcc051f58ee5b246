package dev.fencepost.server.service;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * Who is at the other end of a call.
 *
 * @param client who is charged: the host, so that more connections do not mean more room; of IPv6
 *     the network (/64), since one host has all of its addresses
 * @param address the connection, for the audit log
 */
record Peer(String client, String address) {
  private static final Context.Key<Peer> KEY = Context.key("fencepost-peer");
  private static final Peer UNKNOWN = new Peer("unknown", "unknown");
  private static final int NETWORK_BYTES = 8;
  private static final int ADDRESS_BYTES = 16;

  /** The peer of the call that this thread handles. */
  static Peer current() {
    Peer peer = KEY.get();
    return peer == null ? UNKNOWN : peer;
  }

  /** Remembers the peer for the length of each call. */
  static final class Interceptor implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      Context context = Context.current().withValue(KEY, of(call.getAttributes()));
      return Contexts.interceptCall(context, call, headers, next);
    }
  }

  private static Peer of(Attributes attributes) {
    SocketAddress address = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    if (address == null) {
      return UNKNOWN;
    }
    if (address instanceof InetSocketAddress inet) {
      InetAddress host = inet.getAddress();
      if (host != null) {
        return new Peer(charged(host), host.getHostAddress() + ":" + inet.getPort());
      }
    }
    return new Peer(address.toString(), address.toString());
  }

  /** The host, or its network if that gives it any number of addresses. */
  static String charged(InetAddress host) {
    if (!(host instanceof Inet6Address) || host.isLoopbackAddress()) {
      return host.getHostAddress();
    }
    byte[] network = Arrays.copyOf(host.getAddress(), NETWORK_BYTES);
    try {
      InetAddress first = InetAddress.getByAddress(Arrays.copyOf(network, ADDRESS_BYTES));
      return first.getHostAddress() + "/64";
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
