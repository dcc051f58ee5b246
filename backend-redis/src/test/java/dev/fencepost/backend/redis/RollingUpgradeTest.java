package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.RedisServer;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A replica of version 0.1 and one of the present version, side by side on one store. */
final class RollingUpgradeTest {
  private static final int BUCKET = 5;
  private static final List<String> NAMES =
      IntStream.range(0, 100_000)
          .mapToObj(i -> "upgrade/" + i)
          .filter(name -> RedisSchema.bucketOf(new LockName(name)) == BUCKET)
          .limit(3)
          .toList();

  private final RedisServer redis = new RedisServer("appendonly no");

  @BeforeEach
  void start() {
    redis.start();
  }

  @AfterEach
  void end() {
    redis.close();
  }

  @Test
  void grantsOfEither_areTheOthersToRenewAndReleaseAndTokensRise() {
    try (FormerReplica former = new FormerReplica(redis);
        TestReplica now = new TestReplica(redis.uri())) {
      Grant first = now.acquire(NAMES.get(0));
      assertThat(answer(now.backend().renew(first.ref()))).isInstanceOf(Renewal.Renewed.class);
      Claim second = claim(NAMES.get(1));
      String got = former.acquire(second, first.token().value());
      assertThat(got).startsWith("N");
      FencingToken token = new FencingToken(Long.parseLong(got.substring(1)));
      assertThat(token).isGreaterThan(first.token());
      assertThat(former.acquire(claim(NAMES.get(0)), 0)).startsWith("B");
      assertThat(former.renew(first)).startsWith("R");
      GrantRef theirs = new GrantRef(second.lock(), second.id(), token);
      assertThat(answer(now.backend().renew(theirs))).isInstanceOf(Renewal.Renewed.class);
      assertThat(now.describe(NAMES.get(1)).lastToken()).contains(token);
      assertThat(isGranted(now.attempt(claim(NAMES.get(1)), QueueIntent.NONE))).isFalse();
      assertThat(now.acquire(NAMES.get(2)).token()).isGreaterThan(token);
      assertThat(former.release(first)).isEqualTo("R");
      Grant existing = now.acquire(second);
      assertThat(existing.token()).isEqualTo(token);
      assertThat(now.release(existing)).isEqualTo(new Release.Released());
    }
  }

  @Test
  void grantOfTheFormer_hasNoPrincipalAndIsRenewedByItsEmptyName() {
    try (FormerReplica former = new FormerReplica(redis);
        TestReplica now = new TestReplica(redis.uri())) {
      now.acquire(NAMES.get(1));
      Claim theirs = claim(NAMES.get(0));
      FencingToken token = new FencingToken(Long.parseLong(former.acquire(theirs, 0).substring(1)));
      GrantRef named = new GrantRef(theirs.lock(), theirs.id(), token, "orders");
      OtherPrincipal nobody = new OtherPrincipal("", token);
      assertThat(answer(now.backend().renew(named))).isEqualTo(new Renewal.ForeignGrant(nobody));
      assertThat(answer(now.backend().release(ReleaseCommand.of(named))))
          .isEqualTo(new Release.ForeignRelease(nobody));
      GrantRef unnamed = named.madeBy(nobody.recorded());
      assertThat(answer(now.backend().renew(unnamed))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(now.backend().release(ReleaseCommand.of(unnamed))))
          .isEqualTo(new Release.Released());
    }
  }

  @Test
  void firstReplicaOfNow_doesNotLookLikeLostStateToTheFormer() {
    try (FormerReplica former = new FormerReplica(redis)) {
      String age = former.settle(BUCKET, "", 1);
      try (TestReplica now = new TestReplica(redis.uri())) {
        await().until(() -> isGranted(now.attempt(claim(NAMES.get(0)), QueueIntent.NONE)));
        assertThat(former.settle(BUCKET, age, 60_000)).isEqualTo(age);
        assertThat(isGranted(now.attempt(claim(NAMES.get(1)), QueueIntent.NONE))).isTrue();
      }
    }
  }

  @Test
  void lostState_isSeenByTheFormerAndItsQuietTimeIsKept() {
    try (FormerReplica former = new FormerReplica(redis);
        TestReplica now = new TestReplica(redis.uri())) {
      String age = former.settle(BUCKET, "", 1);
      redis.cli("FLUSHALL");
      assertThat(isGranted(now.attempt(claim(NAMES.get(0)), QueueIntent.NONE))).isFalse();
      assertThat(former.acquire(claim(NAMES.get(0)), 0)).as("quiet for it, too").startsWith("B");
      assertThat(former.settle(BUCKET, age, 60_000)).isNotEqualTo(age);
      // It remembers a minute.
      assertThat(TestReplica.busy(now.attempt(claim(NAMES.get(0)), QueueIntent.NONE)).freeIn())
          .isGreaterThan(java.time.Duration.ofSeconds(30));
    }
  }
}
