package dev.fencepost.server.service.call;

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
 * Identifies the caller by its address.
 *
 * @param client the client that is charged. It is the host, so that more connections do not mean a
 *     larger share. For IPv6 it is the network (/64), because one host has all of its addresses
 * @param address host and port of the connection, for the audit log
 */
public record CallerIdentity(String client, String address) {
  private static final Context.Key<CallerIdentity> KEY = Context.key("fencepost-caller");
  private static final CallerIdentity UNKNOWN = new CallerIdentity("unknown", "unknown");
  private static final int NETWORK_BYTES = 8;
  private static final int ADDRESS_BYTES = 16;

  /** Returns the caller of the call that this thread handles. */
  public static CallerIdentity current() {
    CallerIdentity caller = KEY.get();
    return caller == null ? UNKNOWN : caller;
  }

  /** Puts the caller's identity into the context of each call. */
  public static final class Interceptor implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      Context context = Context.current().withValue(KEY, of(call.getAttributes()));
      return Contexts.interceptCall(context, call, headers, next);
    }
  }

  /** Returns the caller at the other end of a connection. */
  static CallerIdentity of(Attributes attributes) {
    SocketAddress address = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    return address == null ? UNKNOWN : of(address);
  }

  /** Returns the caller at an address. */
  public static CallerIdentity of(SocketAddress address) {
    if (address instanceof InetSocketAddress inet) {
      InetAddress host = inet.getAddress();
      if (host != null) {
        return new CallerIdentity(charged(host), host.getHostAddress() + ":" + inet.getPort());
      }
    }
    return new CallerIdentity(address.toString(), address.toString());
  }

  /**
   * Returns the host, or its /64 network for IPv6, where a host may have any number of addresses.
   */
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
