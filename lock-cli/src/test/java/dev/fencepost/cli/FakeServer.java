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

/** A server of the wire API that keeps its locks in memory and can be made to fail. */
final class FakeServer implements AutoCloseable {
  final FakeLockService locks = new FakeLockService();
  final FakeFencingService fences = new FakeFencingService(locks);
  final FakeAdminService admin = new FakeAdminService(locks, fences);

  private final Map<String, Status> failures = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private final Server server;

  private FakeServer(int port) throws IOException {
    server =
        OkHttpServerBuilder.forPort(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                InsecureServerCredentials.create())
            .addService(locks)
            .addService(new FakeSessionService(locks))
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

  /** Makes a method answer with a status from now on. */
  void fail(String method, Status status) {
    failures.put(method, status);
  }

  /** Makes a method work again. */
  void heal(String method) {
    failures.remove(method);
  }

  /** The number of calls of a method. */
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
