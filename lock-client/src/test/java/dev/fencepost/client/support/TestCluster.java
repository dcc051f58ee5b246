package dev.fencepost.client.support;

import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.ForceReleaseRequest;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.FencepostServer;
import dev.fencepost.server.StartException;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.testkit.model.ModelServer;
import io.grpc.ManagedChannel;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Real servers in this process, on one model store. */
public final class TestCluster implements AutoCloseable {
  private final String store;
  private final List<FencepostServer> servers = new ArrayList<>();

  private TestCluster(String store) {
    this.store = store;
  }

  /** Starts this many replicas. */
  public static TestCluster of(int replicas) {
    TestCluster cluster = new TestCluster(ModelStoreProvider.newStore());
    for (int i = 0; i < replicas; i++) {
      cluster.start();
    }
    return cluster;
  }

  /** Starts one more replica, on a free port. */
  public FencepostServer start() {
    return startAt(0);
  }

  /** Starts one more replica at a port where another may have listened before. */
  public FencepostServer startAt(int port, String... keysAndValues) {
    Map<String, String> flags = new HashMap<>();
    flags.put("store", store);
    flags.put("listen", "127.0.0.1:" + port);
    flags.put("http-listen", "127.0.0.1:0");
    flags.put("drain-timeout", "5s");
    for (int i = 0; i < keysAndValues.length; i += 2) {
      flags.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    try {
      FencepostServer server = FencepostServer.start(ServerConfig.load(flags, Map.of()));
      servers.add(server);
      return server;
    } catch (StartException e) {
      throw new IllegalStateException(e);
    }
  }

  public FencepostServer server(int index) {
    return servers.get(index);
  }

  /** The store of all replicas. */
  public ModelServer store() {
    return ModelStoreProvider.store(store);
  }

  /** The id that a replica gives itself. */
  public String replicaId(int index) {
    GetServerInfoRequest request = GetServerInfoRequest.getDefaultInstance();
    return ask(
            servers.get(index),
            channel -> LockServiceGrpc.newBlockingStub(channel).getServerInfo(request))
        .getReplicaId();
  }

  /** All addresses, as a client's target. */
  public String target() {
    return servers.stream()
        .map(server -> "127.0.0.1:" + server.port())
        .collect(Collectors.joining(","));
  }

  /** Ends a grant as an administrator does, through the first replica. */
  public void forceRelease(String lock, String reason) {
    admin(
        channel ->
            AdminServiceGrpc.newBlockingStub(channel)
                .forceRelease(
                    ForceReleaseRequest.newBuilder().setName(lock).setReason(reason).build()));
  }

  /** Number of claims that wait for the lock, on all replicas. */
  public int waiters(String lock) {
    GetLockRequest request = GetLockRequest.newBuilder().setName(lock).build();
    int waiters = 0;
    for (FencepostServer server : servers) {
      waiters +=
          ask(server, channel -> LockServiceGrpc.newBlockingStub(channel).getLock(request))
              .getLock()
              .getWaiterCount();
    }
    return waiters;
  }

  /** As {@link #waiters}, for each replica. */
  public List<Integer> waitersByReplica(String lock) {
    GetLockRequest request = GetLockRequest.newBuilder().setName(lock).build();
    return servers.stream()
        .map(
            server ->
                ask(server, channel -> LockServiceGrpc.newBlockingStub(channel).getLock(request))
                    .getLock()
                    .getWaiterCount())
        .toList();
  }

  /** Number of open sessions, for each replica. */
  public List<Integer> sessions() {
    return servers.stream().map(TestCluster::sessions).toList();
  }

  private static int sessions(FencepostServer server) {
    try {
      URI uri = URI.create("http://" + server.httpAddress().orElseThrow() + "/metrics");
      HttpResponse<String> answer =
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
      return answer
          .body()
          .lines()
          .filter(line -> line.startsWith("fencepost_sessions"))
          .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void admin(Function<ManagedChannel, ?> call) {
    ask(servers.get(0), call);
  }

  private static <T> T ask(FencepostServer server, Function<ManagedChannel, T> call) {
    ManagedChannel channel =
        OkHttpChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    try {
      return call.apply(channel);
    } finally {
      channel.shutdownNow();
    }
  }

  @Override
  public void close() {
    servers.forEach(FencepostServer::close);
  }
}
