package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tokens, inspections and watches. */
class TokensAndWatchesTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private static TestCluster cluster;
  private static FencepostClient client;

  @BeforeAll
  static void start() {
    cluster = TestCluster.of(2);
    client = FencepostClient.builder(cluster.target()).owner("me").build();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
  }

  @Test
  void token_isTheCurrentOne_thenTheLast() throws Exception {
    assertThat(client.fencing().token("token").get(20, TimeUnit.SECONDS).lastToken()).isEmpty();
    FencingToken token;
    try (LockHandle held = client.lock("token").acquire(LONG)) {
      token = held.token();
      LockToken standing = client.fencing().token("token").get(20, TimeUnit.SECONDS);
      assertThat(standing.lastToken()).contains(token);
      assertThat(standing.holder().orElseThrow().claimant().owner()).isEqualTo("me");
      assertThat(client.fencing().validate("token", token).get(20, TimeUnit.SECONDS))
          .isEqualTo(TokenStatus.CURRENT);
      assertThat(
              client
                  .fencing()
                  .validate("token", new FencingToken(token.value() - 1))
                  .get(20, TimeUnit.SECONDS))
          .isEqualTo(TokenStatus.STALE);
      assertThat(held.release()).isNotNull();
    }
    assertThat(client.fencing().token("token").get(20, TimeUnit.SECONDS).holder()).isEmpty();
  }

  @Test
  void advance_refusesTheOlder() throws Exception {
    LockHandle first = client.lock("advance").acquire(LONG);
    first.close();
    try (LockHandle second = client.lock("advance").acquire(LONG)) {
      assertThat(advance(second.token())).isEqualTo(new FenceAdvance.Advanced(second.token()));
      assertThat(advance(second.token())).isEqualTo(new FenceAdvance.Unchanged(second.token()));
      assertThat(advance(first.token())).isEqualTo(new FenceAdvance.Stale(second.token()));
    }
    ExecutionException tooFar =
        catchThrowableOfType(
            ExecutionException.class, () -> advance(new FencingToken(Long.MAX_VALUE)));
    assertThat(tooFar).hasCauseInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void serverInfo_hasTheLimits() throws Exception {
    ServerInfo info = client.serverInfo().get(20, TimeUnit.SECONDS);
    assertThat(info.replicaId()).isIn(cluster.replicaId(0), cluster.replicaId(1));
    assertThat(info.minTtl()).isEqualTo(Duration.ofSeconds(2));
    assertThat(info.maxTtl()).isEqualTo(Duration.ofMinutes(10));
    assertThat(info.defaultTtl()).isEqualTo(Duration.ofSeconds(15));
    assertThat(info.storeId()).isNotEmpty();
  }

  @Test
  void inspect_showsHolderAndWaiters() throws Exception {
    try (LockHandle held = client.lock("look").acquire(LONG)) {
      var waiting = client.lock("look").withOwner("w").acquireAsync(LONG);
      await()
          .untilAsserted(
              () -> {
                LockView view = client.inspect("look").get(20, TimeUnit.SECONDS);
                assertThat(view.holder().orElseThrow().token()).isEqualTo(held.token());
                assertThat(view.waiters())
                    .singleElement()
                    .satisfies(
                        waiter -> {
                          assertThat(waiter.owner()).isEqualTo("w");
                          assertThat(waiter.position()).isEqualTo(1);
                        });
              });
      waiting.cancel(false);
    }
  }

  @Test
  void watch_publishesEveryLatestState_acrossAReplicasEnd() throws Exception {
    try (TestCluster own = TestCluster.of(2);
        FencepostClient watcher = FencepostClient.connect(own.target())) {
      Collector collector = new Collector();
      watcher.watch("w").subscribe(collector);
      LockHandle first = watcher.lock("w").acquire(LONG);
      await().until(() -> collector.holds(first.token()));
      own.server(0).close();
      first.close();
      LockHandle second = watcher.lock("w").acquire(LONG);
      await().atMost(LONG).until(() -> collector.holds(second.token()));
      own.startAt(own.server(0).port());
      own.server(1).close();
      second.close();
      LockHandle third = watcher.lock("w").acquire(LONG);
      await().atMost(LONG).until(() -> collector.holds(third.token()));
      collector.subscription.cancel();
      assertThat(collector.tokens()).isSorted();
      third.close();
    }
  }

  @Test
  void slowSubscriber_getsTheNewest() throws Exception {
    Collector slow = new Collector();
    slow.initial = 1;
    client.watch("slow").subscribe(slow);
    await().until(() -> slow.seen.size() == 1);
    for (int i = 0; i < 20; i++) {
      client.lock("slow").acquire(LONG).close();
    }
    try (LockHandle last = client.lock("slow").acquire(LONG)) {
      await()
          .untilAsserted(
              () ->
                  assertThat(client.inspect("slow").get(20, TimeUnit.SECONDS).holder())
                      .isPresent());
      Collector other = new Collector();
      client.watch("slow").subscribe(other);
      await().until(() -> other.holds(last.token()));
      await()
          .untilAsserted(
              () -> {
                slow.subscription.request(1);
                assertThat(slow.holds(last.token())).isTrue();
              });
      assertThat(slow.seen.size()).isLessThan(20);
      other.subscription.cancel();
    }
    slow.subscription.cancel();
  }

  @Test
  void watchOfNothing_isRefused() {
    assertThat(catchThrowableOfType(InvalidValueException.class, () -> client.watch()).field())
        .isEqualTo("names");
  }

  private static FenceAdvance advance(FencingToken token) throws Exception {
    return client.fencing().advance("resource", token).get(20, TimeUnit.SECONDS);
  }

  private static final class Collector implements Flow.Subscriber<LockView> {
    final List<LockView> seen = new CopyOnWriteArrayList<>();
    long initial = Long.MAX_VALUE;
    volatile Flow.Subscription subscription;

    @Override
    public void onSubscribe(Flow.Subscription mine) {
      subscription = mine;
      mine.request(initial);
    }

    @Override
    public void onNext(LockView view) {
      seen.add(view);
    }

    @Override
    public void onError(Throwable failure) {
      throw new IllegalStateException(failure);
    }

    @Override
    public void onComplete() {
      throw new IllegalStateException("a watch never ends");
    }

    boolean holds(FencingToken token) {
      return !seen.isEmpty()
          && seen.get(seen.size() - 1)
              .holder()
              .filter(each -> each.token().equals(token))
              .isPresent();
    }

    List<Long> tokens() {
      return seen.stream()
          .map(each -> each.lastToken().map(FencingToken::value).orElse(0L))
          .toList();
    }
  }
}
