package dev.fencepost.server.service;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * Who is at the other end of a call.
 *
 * @param client who is charged: the host, so that more connections do not mean more room
 * @param address the connection, for the audit log
 */
record Peer(String client, String address) {
  private static final Context.Key<Peer> KEY = Context.key("fencepost-peer");
  private static final Peer UNKNOWN = new Peer("unknown", "unknown");

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
        return new Peer(host.getHostAddress(), host.getHostAddress() + ":" + inet.getPort());
      }
    }
    return new Peer(address.toString(), address.toString());
  }
}
