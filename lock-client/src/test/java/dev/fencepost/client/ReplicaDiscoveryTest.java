package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How a client discovers replicas, and which of them it must not use. */
class ReplicaDiscoveryTest {
  private static final Duration STEP = Duration.ofMillis(100);
  private static final Duration WAIT = Duration.ofMinutes(1);

  private final ClientFixture fixture = new ClientFixture(2);

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void silentServer_isFollowedByTheNext_soonerThanItsCallEnds() {
    fixture.connectAll();
    FakeReplica silent = fixture.replicas.get(0);
    FakeReplica well = fixture.replicas.get(1);
    silent.ignoresProbes = true;
    silent.ignoresInfoRequests = true;
    for (int i = 0; i < 1_000 && silent.infoRequests == 0; i++) {
      passWhileOneLives(well);
    }
    assertThat(silent.infoRequests).as("asked the one that is silent").isPositive();
    int before = well.infoRequests;
    for (int i = 0; i < 45; i++) {
      passWhileOneLives(well);
    }
    assertThat(well.infoRequests).as("asked the other soon afterwards").isGreaterThan(before);
  }

  @Test
  void replicaOfAnotherStore_isGivenNothingToDo() {
    FakeReplica known = connectedFirst();
    FakeReplica other = fixture.replicas.get(known == fixture.replicas.get(0) ? 1 : 0);
    other.storeId = "another store";
    List<CompletableFuture<LockHandle>> claims = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      claims.add(fixture.client.lock("any" + i).acquireAsync(WAIT));
      fixture.pass(STEP);
    }
    assertThat(other.streams).as("connections, since some locks prefer it").isNotEmpty();
    assertThat(other.streams).allMatch(stream -> stream.newOperations() == 0);
    assertThat(other.streams).allMatch(stream -> stream.saidGoodbye);
    while (known.stream().newOperations() > 0) {
      Operation next = known.stream().next();
      known.stream().grant(next, ClientFixture.TTL, known.stream().mark());
    }
    assertThat(claims).allMatch(claim -> claim.isDone() && claim.join().isHeld());
    fixture.pass(Duration.ofSeconds(2));
    assertThat(other.streams).as("tries to connect").hasSizeLessThan(5);
  }

  @Test
  void channelThatCannotBeMade_isTriedAgain() {
    try (ClientFixture single = new ClientFixture()) {
      single.duringNextConnect(ReplicaDiscoveryTest::failToConnect);
      single.stream().breakStream();
      single.passAlive(Duration.ofSeconds(10));
      assertThat(single.replicas.get(0).streams).hasSize(2);
    }
  }

  @Test
  void channelThatCannotBeMade_failsNoClaimOfItsLocks() {
    FakeReplica known = connectedFirst();
    FakeReplica other = fixture.replicas.get(known == fixture.replicas.get(0) ? 1 : 0);
    String lock = preferring(other);
    fixture.duringNextConnect(ReplicaDiscoveryTest::failToConnect);

    CompletableFuture<LockHandle> claim = fixture.client.lock(lock).acquireAsync(WAIT);
    fixture.pass(Duration.ofMillis(20));

    known.stream().grant(known.stream().next(), ClientFixture.TTL, known.stream().mark());
    assertThat(claim).isCompleted();
  }

  private String preferring(FakeReplica replica) {
    return IntStream.range(0, 100)
        .mapToObj(i -> "any" + i)
        .filter(lock -> fixture.preferredBy(lock).get(0) == replica)
        .findFirst()
        .orElseThrow();
  }

  private static void failToConnect() {
    throw new IllegalArgumentException("not a host's name");
  }

  private FakeReplica connectedFirst() {
    return fixture.replicas.stream()
        .filter(each -> !each.streams.isEmpty())
        .findFirst()
        .orElseThrow();
  }

  private void passWhileOneLives(FakeReplica well) {
    fixture.pass(STEP);
    well.streams.stream().filter(stream -> !stream.isOver).forEach(FakeStream::sendHeartbeat);
  }
}
