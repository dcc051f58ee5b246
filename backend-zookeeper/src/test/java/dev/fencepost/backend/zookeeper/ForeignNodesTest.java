package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Nodes below the path that Fencepost did not write: they hide no lock and stop no sweep. */
final class ForeignNodesTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();
  private static final ZookeeperSchema SCHEMA = new ZookeeperSchema("/foreign");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Names that no lock has: a control character, too long, not UTF-8, not encoded. */
  private static final List<String> NO_NAMES =
      List.of("%01", "x".repeat(LockName.MAX_BYTES + 1), "%FF", "a.b", "%2f");

  @BeforeAll
  static void start() {
    SERVER.start();
    try (TestReplica replica = replica();
        ZookeeperTestClient client = client()) {
      replica.release(replica.acquire("first"));
      for (int bucket = 0; bucket < NodeName.BUCKETS; bucket++) {
        for (String name : NO_NAMES) {
          client.create(SCHEMA.lockBucket(bucket) + "/" + name, new byte[0]);
          client.create(SCHEMA.markBucket(bucket) + "/" + name, new byte[0]);
        }
      }
    }
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void lists_leaveThemOut() {
    try (TestReplica replica = replica()) {
      List<LockName> locks = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        locks.add(replica.acquire("listed/" + i).ref().lock());
      }
      for (int limit : new int[] {1, 7, 100}) {
        assertThat(listed(replica, "listed/", limit)).containsExactlyInAnyOrderElementsOf(locks);
        assertThat(listed(replica, "", limit)).containsAll(locks).doesNotHaveDuplicates();
        assertThat(listed(replica, "\u0001", limit)).isEmpty();
      }
    }
  }

  @Test
  void lockNodeInTheBucketOfAnother_isNoSecondLock() {
    try (TestReplica replica = replica();
        ZookeeperTestClient client = client()) {
      LockName lock = replica.acquire("astray").ref().lock();
      String bucket =
          SCHEMA.lock(lock).startsWith(SCHEMA.lockBucket(1))
              ? SCHEMA.lockBucket(2)
              : SCHEMA.lockBucket(1);
      client.create(bucket + "/" + lock, new byte[0]);
      assertThat(listed(replica, "astray", 100)).containsExactly(lock);
    }
  }

  @Test
  void orphans_areFoundBesideThem() {
    List<LockName> orphans = new ArrayList<>();
    try (TestReplica former = replica()) {
      for (int i = 0; i < 20; i++) {
        orphans.add(former.acquire("orphan/" + i, Lease.of(Lease.MIN_TTL)).ref().lock());
      }
    }
    try (TestReplica next = replica()) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  answer(next.backend().describe(orphans)).stream()
                      .allMatch(state -> state.holder().isEmpty()));
    }
  }

  @Test
  void purge_deletesFreeLocksAndOldMarksBesideThem() {
    try (TestReplica replica = replica();
        ZookeeperTestClient client = client()) {
      Grant grant = replica.acquire("purged");
      ResourceName resource = new ResourceName("purged");
      assertThat(answer(replica.backend().advance(resource, grant.token())))
          .isInstanceOf(FenceAdvance.Advanced.class);
      replica.release(grant);
      replica.purge(Duration.ZERO, Duration.ZERO);
      assertThat(isThere(client, SCHEMA.lock(grant.ref().lock()))).isFalse();
      assertThat(isThere(client, SCHEMA.mark(resource))).isFalse();
      for (String name : NO_NAMES) {
        assertThat(isThere(client, SCHEMA.lockBucket(0) + "/" + name)).isTrue();
        assertThat(isThere(client, SCHEMA.markBucket(0) + "/" + name)).isTrue();
      }
    }
  }

  @Test
  void entryThatIsNoReplica_doesNotKeepTheOthersFromPurging() {
    try (ZookeeperTestClient client = client()) {
      client.createEphemeral(SCHEMA.replicas() + "/0", new byte[0]);
      try (TestReplica replica = replica()) {
        await().atMost(PATIENCE).until(() -> replica.store().registry.isFirst());
      }
    }
  }

  /** A child with the id of a replica that no session owns, as a copied tree has it. */
  @Test
  void persistentEntryOfAReplica_countsAsNobody() {
    ReplicaId former = ReplicaId.of(0);
    String entry = SCHEMA.replicas() + "/" + former;
    try (ZookeeperTestClient client = client()) {
      LockName lock;
      try (TestReplica replica = replica()) {
        Grant grant = replica.acquire("kept/persistent", Lease.of(Lease.MIN_TTL));
        lock = grant.ref().lock();
        byte[] record = client.ask(keeper -> keeper.getData(SCHEMA.lock(lock), false, null));
        byte[] kept = keptBy(record, replica.id(), former);
        client.ask(keeper -> keeper.setData(SCHEMA.lock(lock), kept, -1));
      }
      client.create(entry, (former + "\nSERVING\nhost:1").getBytes(US_ASCII));
      try (TestReplica next = replica()) {
        await().atMost(PATIENCE).until(() -> next.store().registry.isFirst());
        await()
            .atMost(PATIENCE)
            .until(() -> answer(next.backend().describe(List.of(lock))).get(0).holder().isEmpty());
        assertThat(answer(next.backend().info()).replicas())
            .extracting(Replica::id)
            .containsExactly(next.id());
      } finally {
        client.deleteAll(entry);
      }
    }
  }

  /** Returns the record with another keeper. The name of the state stays. */
  private static byte[] keptBy(byte[] record, ReplicaId from, ReplicaId to) {
    String text = new String(record, ISO_8859_1);
    int state = text.indexOf(from.value());
    int keeper = text.indexOf(from.value(), state + 1);
    return (text.substring(0, keeper) + to + text.substring(keeper + ReplicaId.LENGTH))
        .getBytes(ISO_8859_1);
  }

  private static List<LockName> listed(TestReplica replica, String prefix, int limit) {
    List<LockName> locks = new ArrayList<>();
    Optional<ListQuery.Cursor> after = Optional.empty();
    do {
      var page = answer(replica.backend().list(new ListQuery(prefix, after, limit)));
      page.locks().stream().map(LockState::lock).forEach(locks::add);
      after = page.next();
    } while (after.isPresent());
    return locks;
  }

  private static boolean isThere(ZookeeperTestClient client, String path) {
    return client.ask(keeper -> keeper.exists(path, false) != null);
  }

  private static TestReplica replica() {
    return new TestReplica("zookeeper://" + at() + SCHEMA.root());
  }

  private static ZookeeperTestClient client() {
    return new ZookeeperTestClient(at());
  }

  private static String at() {
    return "127.0.0.1:" + SERVER.port();
  }
}
