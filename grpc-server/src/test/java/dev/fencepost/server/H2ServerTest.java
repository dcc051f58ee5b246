package dev.fencepost.server;

import static dev.fencepost.server.support.TestRequests.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.fencepost.backend.jdbc.JdbcBackendProvider;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.GetServerInfoRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.ListLocksRequest;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.support.TestConfigs;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests a complete server on the default store. */
class H2ServerTest {
  @TempDir private Path folder;

  @Test
  void provider_isFoundOnTheClassPath() {
    assertThat(ServiceLoader.load(LockBackendProvider.class))
        .hasAtLeastOneElementOfType(JdbcBackendProvider.class);
  }

  @Test
  void grant_outlivesARestart() throws Exception {
    AcquireRequest request = claim("a").build();
    Grant[] grant = new Grant[1];
    serve(locks -> grant[0] = locks.acquire(request).getGranted());

    serve(
        locks -> {
          AcquireResponse other = locks.acquire(claim("a").build());
          assertThat(other.getNotGranted().getHolders(0).getFencingToken())
              .isEqualTo(grant[0].getFencingToken());
          assertThat(locks.acquire(request).getGranted().getAlreadyHeld()).isTrue();
        });
  }

  @Test
  void serverInfo_namesTheStore() throws Exception {
    serve(
        locks ->
            assertThat(locks.getServerInfo(GetServerInfoRequest.getDefaultInstance()).getStore())
                .isEqualTo("h2"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../", "a%2fb", "🔒", "it's \"quoted\"", "'; DROP TABLE lock; --"})
  void oddButLegalName_isAnOrdinaryLock(String name) throws Exception {
    serve(
        locks -> {
          assertThat(locks.acquire(claim(name).build()).hasGranted()).isTrue();
          assertThat(locks.acquire(claim(name).build()).hasNotGranted()).isTrue();
          assertThat(
                  locks
                      .listLocks(ListLocksRequest.newBuilder().setPrefix(name).build())
                      .getLocksList())
              .singleElement()
              .satisfies(lock -> assertThat(lock.getName()).isEqualTo(name));
        });
  }

  @Test
  void badRequest_changesNothing() throws Exception {
    serve(
        locks -> {
          Grant held = locks.acquire(claim("a").build()).getGranted();
          for (String name : new String[] {"", "x".repeat(513), "a\0b", "a\nb"}) {
            StatusRuntimeException e =
                catchThrowableOfType(
                    StatusRuntimeException.class, () -> locks.acquire(claim(name).build()));
            assertThat(e.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
          }
          assertThat(
                  locks
                      .getLock(GetLockRequest.newBuilder().setName("a").build())
                      .getLock()
                      .getHolders(0)
                      .getFencingToken())
              .isEqualTo(held.getFencingToken());
          assertThat(locks.listLocks(ListLocksRequest.getDefaultInstance()).getLocksCount())
              .isEqualTo(1);
        });
  }

  @Test
  void folderBelowAFile_isRefusedInOneLine() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");

    StartException e =
        catchThrowableOfType(
            StartException.class, () -> FencepostServer.start(config(file.resolve("data"))));

    assertThat(e.getMessage())
        .contains(file.resolve("data").toString(), "cannot be made")
        .doesNotContain("\n");
    assertThat(file).hasContent("x");
  }

  @Test
  void check_findsUnknownStoresAndOptionsWithoutMakingAnything() throws Exception {
    StartException unknown =
        catchThrowableOfType(
            StartException.class,
            () -> FencepostServer.check(TestConfigs.with("store", "mongodb://u:geheim@h/db")));
    assertThat(unknown.getMessage())
        .contains("mongodb://***@h/db", "h2:./fencepost-data", "jdbc:postgresql://");
    StartException option =
        catchThrowableOfType(
            StartException.class,
            () ->
                FencepostServer.check(
                    TestConfigs.with("store", "h2:" + folder, "store-options.no-such", "1")));
    assertThat(option.getMessage()).contains("no-such");

    Path untouched = folder.resolve("untouched");
    FencepostServer.check(config(untouched));
    assertThat(untouched).doesNotExist();
  }

  private void serve(Consumer<LockServiceGrpc.LockServiceBlockingStub> acts) throws Exception {
    try (FencepostServer server = FencepostServer.start(config(folder))) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
      acts.accept(LockServiceGrpc.newBlockingStub(channel));
      channel.shutdownNow();
      server.drain();
    }
  }

  private static ServerConfig config(Path folder) {
    return TestConfigs.with("store", "h2:" + folder, "store-call-timeout", "30s");
  }
}
