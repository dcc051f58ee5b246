package dev.fencepost.acceptance.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fencepost.acceptance.support.ReplicaServer;
import java.nio.file.Path;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The crowd notices that two hold one lock: here they do, since each asks a store of its own. */
class CrowdTest {
  private static final int CLIENTS = 2;
  private static final int LOCKS = 2;

  @TempDir Path folder;

  @Test
  void oneStore_isSound() throws Exception {
    try (ReplicaServer server = server("one");
        ClientCrowd crowd = new ClientCrowd(CLIENTS, target(server))) {
      crowd.hold(LOCKS);
      crowd.rival(CLIENTS);
      crowd.work(4, LOCKS);
      crowd.awaitGrants(50);
      crowd.awaitRefusals(50);
      crowd.judge();
    }
  }

  @Test
  void twoStores_grantOneLockTwice_andThatIsTold() throws Exception {
    try (ReplicaServer one = server("one");
        ReplicaServer other = server("other");
        ClientCrowd crowd = new ClientCrowd(CLIENTS, target(one), target(other))) {
      crowd.hold(LOCKS);
      crowd.rival(CLIENTS);
      crowd.awaitRefusals(Long.MAX_VALUE / 2);
      assertThatThrownBy(crowd::judge).hasMessageContaining("was granted to another");
    }
  }

  @Test
  void twoStores_makeBeliefsOverlap_andThatIsTold() throws Exception {
    try (ReplicaServer one = server("one");
        ReplicaServer other = server("other");
        ClientCrowd crowd = new ClientCrowd(CLIENTS, target(one), target(other))) {
      crowd.work(2 * LOCKS, 1);
      crowd.awaitGrants(500);
      assertThatThrownBy(crowd::judge)
          .hasMessageContaining(" overlaps Belief")
          .hasMessageContaining("was inside");
    }
  }

  @Test
  void beliefs_thatOnlyTouch_areSound_andThoseThatOverlapAreNot() {
    assertThat(faults(10, 20, 20, 30)).isEmpty();
    assertThat(faults(10, 21, 20, 30)).hasSize(1);
    assertThat(faults(10, 40, 20, 30)).hasSize(1);
    assertThat(faults(20, 30, 10, 15)).as("the later one has the lower token").hasSize(1);
  }

  /** Of two beliefs, the first with the lower token. */
  private static Queue<String> faults(long from, long until, long nextFrom, long nextUntil) {
    Queue<String> faults = ExclusionChecker.faults();
    ExclusionChecker exclusion = new ExclusionChecker(faults);
    exclusion.believed(1, from, until);
    exclusion.believed(2, nextFrom, nextUntil);
    exclusion.judgeBeliefs();
    return faults;
  }

  private ReplicaServer server(String store) {
    return ReplicaServer.on("h2:" + folder.resolve(store));
  }

  private static String target(ReplicaServer server) {
    return "127.0.0.1:" + server.port();
  }
}
