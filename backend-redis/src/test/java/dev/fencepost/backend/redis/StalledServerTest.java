package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.process.RedisServer;
import dev.fencepost.testkit.process.TcpProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A server that accepts requests and never answers them. Each bucket's renewals have one place in
 * flight: a request without an answer must not keep it for ever.
 */
final class StalledServerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int BUCKETS = 40;
  private static final RedisServer REDIS = new RedisServer();

  @BeforeAll
  static void start() {
    REDIS.start();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void connectionsThatStall_areGivenUp_andTheRenewalsOfEachBucketGoOn() {
    try (TcpProxy proxy = new TcpProxy(REDIS.port());
        TestReplica a = TestReplica.impatient(RedisServer.uri(proxy.port()))) {
      List<Grant> held = acquireInBuckets(a, 0);
      proxy.swallowPresent();

      assertAllUnknown(renewTwice(a, held));

      awaitRenewed(a, held);
      assertThat(proxy.swallowing()).as("stalled connections that are still used").isZero();
    }
  }

  @Test
  void serverThatStalls_andAnswersNewConnectionsLater_renewsAgain() {
    try (TcpProxy proxy = new TcpProxy(REDIS.port());
        TestReplica a = TestReplica.impatient(RedisServer.uri(proxy.port()))) {
      List<Grant> held = acquireInBuckets(a, BUCKETS);
      proxy.acceptInSilence();
      proxy.swallowPresent();

      assertAllUnknown(renewTwice(a, held));
      await().atMost(PATIENCE).until(() -> proxy.silentConnections() > 0);
      assertAllUnknown(renewTwice(a, held));

      proxy.resume();
      awaitRenewed(a, held);
    }
  }

  private static List<Grant> acquireInBuckets(TestReplica replica, int first) {
    List<LockName> names = TestReplica.namesInAllBuckets().subList(first, first + BUCKETS);
    return names.stream().map(name -> replica.acquire(name.value())).toList();
  }

  /** Submits two renewals of each grant: one is sent, the other waits behind it. */
  private static List<CompletionStage<Renewal>> renewTwice(TestReplica replica, List<Grant> held) {
    List<CompletionStage<Renewal>> renewals = new ArrayList<>();
    for (Grant grant : held) {
      renewals.add(replica.backend().renew(grant.ref()));
      renewals.add(replica.backend().renew(grant.ref()));
    }
    return renewals;
  }

  private static void assertAllUnknown(List<CompletionStage<Renewal>> renewals) {
    renewals.forEach(
        renewal ->
            assertThat(failure(renewal)).isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE));
  }

  private static void awaitRenewed(TestReplica replica, List<Grant> held) {
    for (Grant grant : held) {
      await()
          .atMost(PATIENCE)
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
    }
  }
}
