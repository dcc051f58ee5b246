package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.rpc.EtcdVersion;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.process.EtcdServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** An etcd with users that have no more rights than they need. */
final class UserPermissionsTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final Map<String, String> ALICE = Map.of("user", "alice", "password", "a");
  private static final Map<String, String> BOB = Map.of("user", "bob", "password", "b");

  @BeforeAll
  static void enable() {
    EtcdUsers.enable(ETCD, Map.of("alice", "alpha/", "bob", "beta/", "carol", "gamma/"));
  }

  @Test
  void userOfOnePrefix_getsBatchesIfTheVersionChecksWhatIsNested() {
    try (EtcdRelay relay = new EtcdRelay(ETCD.port());
        EtcdTestReplica replica = new EtcdTestReplica(relay.uri("alpha"), ALICE)) {
      List<CompletionStage<Attempt>> asked = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        asked.add(replica.backend().tryAcquire(claim("single/" + i), QueueIntent.NONE));
      }
      List<Grant> grants = asked.stream().map(each -> granted(answer(each))).toList();
      grants.forEach(grant -> assertThat(replica.release(grant)).isEqualTo(new Release.Released()));
      if (version().checksNestedTransactions()) {
        assertThat(relay.largest()).isGreaterThan(1);
      } else {
        assertThat(relay.largest()).isEqualTo(1);
        assertThat(relay.transactions()).isEqualTo(relay.requests()).isGreaterThan(399);
      }
    }
  }

  private static EtcdVersion version() {
    String text = ETCD.etcdctl("version").lines().findFirst().orElseThrow();
    return EtcdVersion.parse(text.substring(text.lastIndexOf(' ') + 1)).orElseThrow();
  }

  @Test
  void userOfOnePrefix_changesNothingInAnother() {
    try (EtcdTestReplica bob = new EtcdTestReplica(ETCD.uri("beta"), BOB)) {
      Grant held = bob.acquire("kept");
      assertThatThrownBy(() -> new EtcdTestReplica(ETCD.uri("beta"), ALICE).close())
          .isInstanceOf(StoreConfigurationException.class)
          .hasMessageContaining("beta/");
      assertThat(answer(bob.backend().info()).replicas())
          .extracting(replica -> replica.id())
          .containsExactly(bob.id());
      assertThat(answer(bob.backend().renew(held.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void wrongPasswordOrNone_isRefusedAtStart() {
    assertThatThrownBy(
            () -> new EtcdTestReplica(ETCD.uri("alpha"), Map.of("user", "alice", "password", "x")))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("password");
    assertThatThrownBy(() -> new EtcdTestReplica(ETCD.uri("alpha")))
        .isInstanceOf(StoreConfigurationException.class)
        .hasMessageContaining("user");
  }

  @Test
  void loginThatEtcdForgot_isMadeAgain() {
    try (EtcdTestReplica replica = new EtcdTestReplica(ETCD.uri("alpha"), ALICE)) {
      Grant held = replica.acquire("forgotten");
      ETCD.restart();
      await()
          .atMost(Duration.ofSeconds(20))
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> replica.release(held).equals(new Release.Released()));
    }
  }

  @Test
  void passwordInAFile_isReadAtEachLogin(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("password"), "c\n");
    Map<String, String> carol = Map.of("user", "carol", "password-file", file.toString());
    try (EtcdTestReplica replica = new EtcdTestReplica(ETCD.uri("gamma"), carol)) {
      Grant held = replica.acquire("exchanged");
      Files.writeString(file, "another one\n");
      ETCD.etcdctl("--user=root:r", "user", "delete", "carol");
      ETCD.etcdctl("--user=root:r", "user", "add", "carol:another one");
      ETCD.etcdctl("--user=root:r", "user", "grant-role", "carol", "carol");
      await()
          .atMost(Duration.ofSeconds(20))
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> answer(replica.backend().renew(held.ref())) instanceof Renewal.Renewed);
      assertThat(replica.release(held)).isEqualTo(new Release.Released());
    }
  }
}
