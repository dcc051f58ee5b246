package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Exchanges token bases and fence marks with an earlier version, whose reads and writes this test
 * repeats. In that version the distance of a base was more than a millisecond, and marks in use
 * were not written again.
 */
final class RollingUpgradeTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();
  private static final long FORMER_DISTANCE = Duration.ofSeconds(10).toNanos();

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void basesOfEither_areCountedFromByTheOtherAndTokensRise() {
    ZookeeperSchema schema = new ZookeeperSchema("/bases");
    try (TestReplica now = new TestReplica(uri(schema));
        TestReplica another = new TestReplica(uri(schema));
        ZookeeperTestClient client = new ZookeeperTestClient(at())) {
      Grant ours = now.acquire("ours");
      FormerBase before = formerBase(schema, client);
      assertThat(ours.token().value() - before.value())
          .as("counted from the base as the former counts")
          .isEqualTo(written(schema, client, ours) - before.position());

      replaceAsTheFormer(schema, client, before);
      FormerBase theirs = formerBase(schema, client);
      for (TestReplica replica : List.of(now, another)) {
        Grant next = replica.acquire("next/" + replica.id());
        assertThat(next.token()).isGreaterThan(ours.token());
        assertThat(next.token().value() - theirs.value())
            .isEqualTo(written(schema, client, next) - theirs.position());
      }
      // Only a replica that starts or reconnects replaces it.
      assertThat(formerBase(schema, client)).isEqualTo(theirs);

      long last = now.acquire("last").token().value();
      try (TestReplica started = new TestReplica(uri(schema))) {
        assertThat(started.acquire("started").token().value()).isGreaterThan(last);
        assertThat(formerBase(schema, client).value()).isGreaterThan(last);
      }
    }
  }

  @Test
  void marksOfEither_areTheOthersToo() {
    ZookeeperSchema schema = new ZookeeperSchema("/marks");
    try (TestReplica now = new TestReplica(uri(schema));
        ZookeeperTestClient client = new ZookeeperTestClient(at())) {
      long token = now.acquire("marked").token().value();
      ResourceName theirs = new ResourceName("theirs");
      client.create(schema.mark(theirs), Long.toString(token).getBytes(US_ASCII));
      assertThat(answer(now.backend().advance(theirs, new FencingToken(token - 1))))
          .isEqualTo(new FenceAdvance.Stale(new FencingToken(token)));
      assertThat(answer(now.backend().advance(theirs, new FencingToken(token))))
          .isEqualTo(new FenceAdvance.Unchanged(new FencingToken(token)));
      assertThat(answer(now.backend().advance(theirs, new FencingToken(token + 1))))
          .isInstanceOf(FenceAdvance.Advanced.class);
      assertThat(formerMark(client, schema, theirs)).isEqualTo(token + 1);

      answer(now.backend().resetMark(theirs));
      assertThat(formerMark(client, schema, theirs)).as("a mark that was reset").isZero();
      assertThat(answer(now.backend().advance(theirs, new FencingToken(1))))
          .isInstanceOf(FenceAdvance.Advanced.class);
    }
  }

  /**
   * A base as the earlier version reads it: the only one, and within the distance of its writer.
   */
  private record FormerBase(String path, long value, long position) {}

  private static FormerBase formerBase(ZookeeperSchema schema, ZookeeperTestClient client) {
    List<String> names = client.children(schema.base());
    assertThat(names).hasSize(1);
    String name = names.get(0);
    Stat stat = new Stat();
    byte[] data = client.ask(zk -> zk.getData(schema.base(name), false, stat));
    long limit = Long.parseLong(new String(data, US_ASCII));
    assertThat(stat.getCzxid()).as("it came in time").isLessThanOrEqualTo(limit);
    long value = Long.parseLong(name.substring(0, name.indexOf('-')));
    return new FormerBase(schema.base(name), value, stat.getCzxid());
  }

  /** Replaces the base as the earlier version did after a start or a lost connection. */
  private static void replaceAsTheFormer(
      ZookeeperSchema schema, ZookeeperTestClient client, FormerBase known) {
    Stat parent = client.ask(zk -> zk.exists(schema.base(), false));
    long zxid = client.ask(zk -> zk.exists(known.path(), false)).getMzxid();
    long present = known.value() + (parent.getMzxid() - known.position());
    String path = schema.base(present + FORMER_DISTANCE + "-f0");
    byte[] limit = Long.toString(zxid + FORMER_DISTANCE).getBytes(US_ASCII);
    client.ask(
        zk ->
            zk.multi(
                List.of(
                    Op.setData(schema.base(), new byte[0], parent.getVersion()),
                    Op.delete(known.path(), -1),
                    Op.create(path, limit, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                    Op.setData(path, limit, -1))));
  }

  /** Returns the transaction id of the grant's write. */
  private static long written(ZookeeperSchema schema, ZookeeperTestClient client, Grant grant) {
    return client.ask(zk -> zk.exists(schema.lock(grant.ref().lock()), false)).getMzxid();
  }

  private static long formerMark(
      ZookeeperTestClient client, ZookeeperSchema schema, ResourceName resource) {
    String text =
        new String(
            client.ask(zk -> zk.getData(schema.mark(resource), false, new Stat())), US_ASCII);
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }

  private static String uri(ZookeeperSchema schema) {
    return "zookeeper://" + at() + schema.root();
  }

  private static String at() {
    return "127.0.0.1:" + SERVER.port();
  }
}
