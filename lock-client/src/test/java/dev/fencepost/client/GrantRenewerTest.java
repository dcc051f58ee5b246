package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.Drain;
import dev.fencepost.proto.v1.Notice;
import dev.fencepost.proto.v1.Operation;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When renewals are sent, through which replica, and how often. */
class GrantRenewerTest {
  private static final Duration TTL = ClientFixture.TTL;
  private static final Duration VALID = Duration.ofSeconds(9);
  private static final Duration RENEW_AFTER = TTL.dividedBy(3);

  private ClientFixture fixture = new ClientFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void renewalIsSent_whenItIsDue() {
    LockHandle lock = take("a");
    fixture.pass(RENEW_AFTER.multipliedBy(9).dividedBy(10).minusMillis(20));
    assertThat(fixture.stream().newOperations()).isZero();
    fixture.pass(RENEW_AFTER.dividedBy(10).plusMillis(20));
    Operation renew = fixture.stream().next();
    assertThat(renew.getRenew().getGrant().getFencingToken()).isEqualTo(lock.token().value());
    fixture.stream().renew(renew, TTL, fixture.stream().mark());
    assertThat(lock.remaining()).isGreaterThan(VALID.minusMillis(200));
  }

  @Test
  void unansweredRenewal_isTriedThroughAnotherReplica() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    fixture.pass(RENEW_AFTER.plusMillis(20));
    assertThat(order.get(0).stream().next().hasRenew()).isTrue();
    order.get(1).stream().sendHeartbeat();
    fixture.pass(TTL.dividedBy(6));
    Operation second = order.get(1).stream().next();
    order.get(1).stream().renew(second, TTL, order.get(1).stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void swallowedRenewal_opensTheNextReplica() {
    restart(2);
    order().get(1).stream().breakStream();
    FakeReplica first = order().get(0);
    FakeReplica second = order().get(1);
    LockHandle lock = take("a", first.stream());
    first.ignoresProbes = true;
    int before = second.streams.size();
    fixture.pass(RENEW_AFTER.plus(TTL.dividedBy(6)).plusMillis(300));
    assertThat(first.stream().next().hasRenew()).isTrue();
    assertThat(second.streams.size()).as("connections").isGreaterThan(before);
    second.stream().renew(second.stream().next(), TTL, second.stream().mark());
    fixture.pass(RENEW_AFTER.minusMillis(500));
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void swallowedRenewal_isSentThroughTheNextReplica_asSoonAsItIsOverdue() {
    restart(2);
    order().get(1).stream().breakStream();
    FakeReplica first = order().get(0);
    FakeReplica second = order().get(1);
    LockHandle lock = take("a", first.stream());
    first.ignoresProbes = true;
    int before = second.streams.size();
    fixture.pass(RENEW_AFTER.plus(TTL.dividedBy(8)));
    assertThat(second.streams.size()).as("connections, before it is overdue").isGreaterThan(before);
    fixture.pass(TTL.dividedBy(6).minus(TTL.dividedBy(8)).plusMillis(50));
    second.stream().renew(second.stream().next(), TTL, second.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void swallowedRenewal_opensASecondConnectionToTheOnlyReplica() {
    FakeReplica replica = fixture.replicas.get(0);
    LockHandle lock = take("a");
    replica.ignoresProbes = true;
    FakeStream swallowing = fixture.stream();
    fixture.pass(RENEW_AFTER.plus(TTL.dividedBy(6)).plusMillis(300));
    assertThat(swallowing.next().hasRenew()).isTrue();
    assertThat(replica.streams).as("connections").hasSize(2);
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    assertThat(swallowing.isOver).as("the one that swallows is ended").isTrue();
  }

  @Test
  void swallowedConnections_allOfThem_areReplacedInTime() {
    restart(3);
    fixture.replicas.forEach(each -> each.ignoresProbes = true);
    LockHandle lock = take("a", order().get(0).stream());
    List<Integer> before = fixture.replicas.stream().map(each -> each.streams.size()).toList();
    fixture.pass(RENEW_AFTER.plus(TTL.dividedBy(6)).plusMillis(500));
    assertThat(lock.isHeld()).isTrue();
    List<FakeReplica> replaced =
        fixture.replicas.stream()
            .filter(each -> each.streams.size() > before.get(fixture.replicas.indexOf(each)))
            .filter(each -> each.stream().newOperations() > 0)
            .toList();
    assertThat(replaced).as("replicas with a new connection").isNotEmpty();
    FakeStream fresh = replaced.get(0).stream();
    fresh.renew(fresh.next(), TTL, fresh.mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void slowStore_costsNoConnection() {
    LockHandle lock = take("a");
    FakeReplica replica = fixture.replicas.get(0);
    fixture.pass(RENEW_AFTER.plus(TTL.dividedBy(2)));
    assertThat(lock.isHeld()).isTrue();
    assertThat(fixture.stream().newOperations()).as("renewals").isEqualTo(1);
    assertThat(replica.streams).as("connections").hasSize(1);
  }

  @Test
  void slowServer_isNotSentTheSameRenewalAgain() {
    LockHandle lock = take("a");
    fixture.passAlive(VALID.minusSeconds(1));
    assertThat(fixture.stream().newOperations()).as("though it is long overdue").isEqualTo(1);
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    assertThat(fixture.stream().newOperations()).as("the next is sent again").isEqualTo(1);
  }

  @Test
  void slowServers_haveOneTryEach() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    fixture.passAlive(VALID.minusSeconds(1));
    FakeStream first = order.get(0).stream();
    FakeStream second = order.get(1).stream();
    assertThat(first.newOperations()).isEqualTo(1);
    assertThat(second.newOperations()).isEqualTo(1);

    first.fail(first.next(), Code.UNAVAILABLE, "STORE_TIMEOUT", Optional.empty());
    fixture.passAlive(Duration.ofMillis(500));
    assertThat(lock.isHeld()).isTrue();
    second.renew(second.next(), TTL, second.mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void failingRenewals_pauseLongerEachTime() {
    LockHandle lock = take("a");
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    int tries = 0;
    for (int i = 0; i < 80; i++) {
      while (fixture.stream().newOperations() > 0) {
        tries++;
        fixture.stream()
            .fail(
                fixture.stream().next(),
                Code.RESOURCE_EXHAUSTED,
                "STORE_OVERLOADED",
                Optional.of(Duration.ofMillis(100)));
      }
      fixture.passAlive(Duration.ofMillis(50));
    }
    // Without growing pauses there would be forty in these four seconds.
    assertThat(tries).isBetween(5, 12);
    fixture.passAlive(TTL.dividedBy(12));
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void brokenStream_renewalGoesThroughAnotherReplicaAtOnce() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    fixture.pass(RENEW_AFTER.plusMillis(20));
    order.get(0).stop();
    fixture.pass(Duration.ofMillis(20));
    Operation second = order.get(1).stream().next();
    order.get(1).stream().renew(second, TTL, order.get(1).stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void drainedReplica_isLeft_andLocksAreKeptThroughTheOther() {
    restart(2);
    List<FakeReplica> order = fixture.preferredBy("a");
    LockHandle lock = take("a", order.get(0).stream());
    order.get(0).isDraining = true;
    order.get(0).stream().sendNotice(Notice.newBuilder().setDrain(Drain.getDefaultInstance()));
    assertThat(order.get(0).stream().saidGoodbye).isTrue();
    fixture.pass(RENEW_AFTER.plusMillis(20));
    Operation renew = order.get(1).stream().next();
    order.get(1).stream().renew(renew, TTL, order.get(1).stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
    lock.close();
    assertThat(order.get(1).stream().next().hasRelease()).isTrue();
  }

  @Test
  void failedRenewal_isRepeatedWellBeforeTheDeadline() {
    LockHandle lock = take("a");
    fixture.passAlive(RENEW_AFTER.plusMillis(20));
    fixture.stream()
        .fail(
            fixture.stream().next(),
            Code.UNAVAILABLE,
            "STORE_TIMEOUT",
            Optional.of(Duration.ofMinutes(5)));
    fixture.passAlive(Duration.ofSeconds(1));
    fixture.stream().renew(fixture.stream().next(), TTL, fixture.stream().mark());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  @Test
  void renewalsOfManyLocks_areSentTogether() {
    List<LockHandle> locks = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      locks.add(take("lock" + i));
      fixture.time.standStill(Duration.ofMillis(3));
    }
    int before = fixture.stream().messages.size();
    int renewals = 0;
    for (int i = 0; i < 40; i++) {
      fixture.passAlive(Duration.ofMillis(250));
      long mark = fixture.stream().mark();
      while (fixture.stream().newOperations() > 0) {
        fixture.stream().renew(fixture.stream().next(), TTL, mark);
        renewals++;
      }
    }
    assertThat(renewals).isBetween(2_500, 4_000);
    // Four messages of 256 operations would carry a thousand. Over 10 s each lock is renewed three
    // times.
    assertThat(fixture.stream().messages.size() - before).isLessThan(60);
    assertThat(locks).allMatch(LockHandle::isHeld);
  }

  /** The replicas in the order in which the lock prefers them. */
  private List<FakeReplica> order() {
    return fixture.preferredBy("a");
  }

  private LockHandle take(String name) {
    return take(name, fixture.stream());
  }

  private LockHandle take(String name, FakeStream stream) {
    return fixture.take(fixture.client.lock(name), stream);
  }

  /** Connects the client to all of them. */
  private void restart(int replicas) {
    fixture.close();
    fixture = new ClientFixture(replicas);
    fixture.connectAll();
  }
}
