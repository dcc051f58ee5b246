package dev.fencepost.cli;

import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpServerBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A server of the wire API that keeps its locks in memory and fails as it is told to. */
final class FakeServer implements AutoCloseable {
  final FakeLocks locks = new FakeLocks();
  final FakeFences fences = new FakeFences(locks);
  final FakeAdmin admin = new FakeAdmin(locks, fences);

  private final Map<String, Status> failures = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private final Server server;

  private FakeServer(int port) throws IOException {
    server =
        OkHttpServerBuilder.forPort(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                InsecureServerCredentials.create())
            .addService(locks)
            .addService(new FakeSessions(locks))
            .addService(fences)
            .addService(admin)
            .intercept(new Faults())
            .build()
            .start();
  }

  static FakeServer start() {
    return start(0);
  }

  static FakeServer start(int port) {
    try {
      return new FakeServer(port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  int port() {
    return server.getPort();
  }

  /** From now on the method answers with a status. */
  void fail(String method, Status status) {
    failures.put(method, status);
  }

  /** From now on the method works. */
  void heal(String method) {
    failures.remove(method);
  }

  /** How often a method was called. */
  int calls(String method) {
    return calls.computeIfAbsent(method, name -> new AtomicInteger()).get();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private final class Faults implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      String method = call.getMethodDescriptor().getBareMethodName();
      calls.computeIfAbsent(method, name -> new AtomicInteger()).incrementAndGet();
      Status failure = failures.get(method);
      if (failure == null) {
        return next.startCall(call, headers);
      }
      call.close(failure, new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }
}
