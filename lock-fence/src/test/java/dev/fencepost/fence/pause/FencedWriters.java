package dev.fencepost.fence.pause;

import dev.fencepost.fence.FenceClientInterceptor;
import dev.fencepost.fence.HttpFence;
import dev.fencepost.fence.JdbcFence;
import dev.fencepost.fence.RawService;
import dev.fencepost.fence.RedisFence;
import dev.fencepost.fence.StaleTokenException;
import dev.fencepost.lock.FencingToken;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.lettuce.core.RedisClient;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;

/** The writers, one for each kind of fence. */
final class FencedWriters {

  private FencedWriters() {}

  static FencedWriter of(String kind, String address) throws Exception {
    return switch (kind) {
      case "jdbc-table" ->
          new Sql(DriverManager.getConnection(address), JdbcFence.table("fence_guard"));
      case "jdbc-column" ->
          new Sql(
              DriverManager.getConnection(address),
              JdbcFence.column("protected", "resource", "fence"));
      case "unfenced" ->
          new Sql(DriverManager.getConnection(address), (transaction, resource, token) -> {});
      case "redis" -> Redis.connect(RedisClient.create(address));
      case "grpc" -> new Grpc(NettyChannelBuilder.forTarget(address).usePlaintext().build());
      case "http" -> new Http(http1(), URI.create(address));
      default -> throw new IllegalArgumentException(kind);
    };
  }

  private record Sql(Connection connection, JdbcFence fence) implements FencedWriter {

    @Override
    public void write(String resource, String value, FencingToken token) throws SQLException {
      connection.setAutoCommit(false);
      try (PreparedStatement update =
          connection.prepareStatement("UPDATE protected SET content = ? WHERE resource = ?")) {
        fence.check(connection, resource, token);
        update.setString(1, value);
        update.setString(2, resource);
        update.executeUpdate();
        connection.commit();
      } finally {
        connection.rollback();
      }
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  private record Redis(RedisClient client, RedisFence fence) implements FencedWriter {

    static Redis connect(RedisClient client) {
      return new Redis(client, RedisFence.over(client.connect().async()));
    }

    @Override
    public void write(String resource, String value, FencingToken token) throws Exception {
      try {
        fence.set(resource, value, token).get();
      } catch (ExecutionException e) {
        throw (Exception) e.getCause();
      }
    }

    @Override
    public void close() {
      client.shutdown();
    }
  }

  private record Grpc(ManagedChannel channel) implements FencedWriter {

    @Override
    public void write(String resource, String value, FencingToken token) {
      CallOptions options = CallOptions.DEFAULT;
      try {
        ClientCalls.blockingUnaryCall(
            ClientInterceptors.intercept(
                channel, FenceClientInterceptor.sending(resource, () -> token)),
            RawService.PUT,
            options,
            resource + "=" + value);
      } catch (StatusRuntimeException e) {
        if (e.getStatus().getCause() instanceof StaleTokenException stale) {
          throw stale;
        }
        throw e;
      }
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }
  }

  /** Makes a client that does not offer HTTP/2 in each request. */
  private static HttpClient http1() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  private record Http(HttpClient client, URI uri) implements FencedWriter {

    @Override
    public void write(String resource, String value, FencingToken token) throws Exception {
      HttpRequest request =
          HttpFence.fenced(HttpRequest.newBuilder(uri), resource, token)
              .PUT(HttpRequest.BodyPublishers.ofString(resource + "=" + value))
              .build();
      HttpResponse<String> answer =
          HttpFence.requirePassed(client.send(request, HttpResponse.BodyHandlers.ofString()));
      if (answer.statusCode() != 200) {
        throw new IllegalStateException(answer.statusCode() + " " + answer.body());
      }
    }

    @Override
    public void close() {}
  }
}
