package dev.fencepost.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockChange;
import dev.fencepost.proto.v1.LockChangeKind;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.WatchLocksResponse;
import dev.fencepost.testkit.process.TcpProxy;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchSubcommandTest {
  @TempDir Path folder;

  private final FakeServer server = FakeServer.start();
  private final TcpProxy proxy = new TcpProxy(server.port());
  private final CapturedCli cli = CapturedCli.of(server);

  @AfterEach
  void stop() {
    proxy.close();
    server.close();
  }

  @Test
  void prefix_showsWhatIsThereAndWhatChanges() throws IOException {
    cli.run("acquire", "jobs/1");
    try (ChildCli watch = watch("jobs/", "-o", "json")) {
      awaitLines(watch, 1);
      cli.run("acquire", "other");
      cli.run("acquire", "jobs/2");
      awaitLines(watch, 2);
      server.locks.revoke("jobs/1", LossReason.LOSS_REASON_REVOKED);
      List<String> lines = awaitLines(watch, 3);
      assertThat(lines.get(0)).contains("LOCK_CHANGE_KIND_STATE", "jobs/1");
      assertThat(lines.get(1)).contains("LOCK_CHANGE_KIND_GRANTED", "jobs/2");
      assertThat(lines.get(2)).contains("LOCK_CHANGE_KIND_UNSPECIFIED", "jobs/1", "\"holders\":[]");
      for (String line : lines) {
        JsonOutputTest.roundTrip(line, LockChange.newBuilder());
        assertThat(JsonOutputTest.jq(line, ".lock.lastToken | type")).isEqualTo("string");
      }
    }
  }

  @Test
  void name_showsWhatTheServerTells() {
    try (ChildCli watch = watch("--name", "a", "--name", "b")) {
      awaitLines(watch, 2);
      server.locks.watchers.get(0).onNext(granted("b"));
      assertThat(awaitLines(watch, 3).get(2)).contains(" b granted: free");
    }
  }

  @Test
  void brokenWatch_beginsAgain() {
    try (ChildCli watch = watch("--name", "a")) {
      awaitLines(watch, 1);
      proxy.refuse();
      await().untilAsserted(() -> assertThat(watch.err()).contains("trying again"));
      proxy.resume();
      awaitLines(watch, 2);
      server.locks.watchers.get(1).onError(Status.UNAVAILABLE.asException());
      awaitLines(watch, 3);
      assertThat(watch.isAlive()).isTrue();
    }
  }

  @Test
  void refusedWatch_ends() {
    server.fail("WatchLocks", Status.PERMISSION_DENIED);
    assertThat(cli.run("watch", "--name", "a").code()).isEqualTo(77);
    server.fail("ListLocks", Status.PERMISSION_DENIED);
    assertThat(cli.run("watch").code()).isEqualTo(77);
  }

  private ChildCli watch(String... rest) {
    String[] words = new String[rest.length + 1];
    words[0] = "watch";
    System.arraycopy(rest, 0, words, 1, rest.length);
    return ChildCli.start(folder, "127.0.0.1:" + proxy.port(), words);
  }

  private static List<String> awaitLines(ChildCli child, int count) {
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(
            () -> assertThat(child.out().lines().toList()).as(child.err()).hasSize(count));
    return child.out().lines().toList();
  }

  private static WatchLocksResponse granted(String name) {
    return WatchLocksResponse.newBuilder()
        .addChanges(
            LockChange.newBuilder()
                .setKind(LockChangeKind.LOCK_CHANGE_KIND_GRANTED)
                .setLock(Lock.newBuilder().setName(name)))
        .build();
  }
}
