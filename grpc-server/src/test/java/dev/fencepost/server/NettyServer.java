package dev.fencepost.server;

import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.support.FaultyBackend;
import dev.fencepost.testkit.model.ModelServer;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** A complete server with sockets. Its model store answers at once unless a test changes that. */
final class NettyServer implements AutoCloseable {
  static final StoreMonitor.Intervals QUICK =
      new StoreMonitor.Intervals(
          Duration.ofMillis(50), Duration.ofMillis(100), Duration.ofMillis(300));

  final ModelServer store;
  final FaultyBackend backend;
  final FencepostServer server;
  final ManagedChannel channel;

  NettyServer(ServerConfig config) throws StartException {
    this(config, ModelServer.direct());
  }

  NettyServer(ServerConfig config, ModelServer store) throws StartException {
    this(config, store, new FaultyBackend(store.newBackend()));
  }

  NettyServer(ServerConfig config, ModelServer store, FaultyBackend backend) throws StartException {
    this.store = store;
    this.backend = backend;
    server = FencepostServer.start(config, backend, QUICK);
    channel = newChannel();
  }

  ManagedChannel newChannel() {
    return NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
  }

  LockServiceGrpc.LockServiceBlockingStub locks() {
    return LockServiceGrpc.newBlockingStub(channel);
  }

  ServingStatus health(String service) {
    return HealthGrpc.newBlockingStub(channel)
        .check(HealthCheckRequest.newBuilder().setService(service).build())
        .getStatus();
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return get(HttpClient.newHttpClient(), "http", path);
  }

  HttpResponse<String> get(HttpClient client, String scheme, String path)
      throws IOException, InterruptedException {
    URI uri = URI.create(scheme + "://" + server.httpAddress().orElseThrow() + path);
    return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
  }

  /** Reads a page with a token. */
  HttpResponse<String> getAs(String token, String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://" + server.httpAddress().orElseThrow() + path);
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(uri).header("Authorization", "Bearer " + token).build(),
            BodyHandlers.ofString());
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
  }
}
