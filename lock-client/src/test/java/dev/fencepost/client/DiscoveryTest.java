package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How a client learns which replicas there are, and which of them it must not use. */
class DiscoveryTest {
  private static final Duration STEP = Duration.ofMillis(100);
  private static final Duration WAIT = Duration.ofMinutes(1);

  private final Scene scene = new Scene(2);

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void silentServer_isFollowedByTheNext_soonerThanItsCallEnds() {
    scene.connectAll();
    FakeReplica silent = scene.replicas.get(0);
    FakeReplica well = scene.replicas.get(1);
    silent.isDeaf = true;
    silent.isReserved = true;
    for (int i = 0; i < 1_000 && silent.infoAsked == 0; i++) {
      passWhileOneLives(well);
    }
    assertThat(silent.infoAsked).as("asked the one that is silent").isPositive();
    int before = well.infoAsked;
    for (int i = 0; i < 45; i++) {
      passWhileOneLives(well);
    }
    assertThat(well.infoAsked).as("asked the other soon afterwards").isGreaterThan(before);
  }

  @Test
  void replicaOfAnotherStore_isGivenNothingToDo() {
    FakeReplica known = connectedFirst();
    FakeReplica other = scene.replicas.get(known == scene.replicas.get(0) ? 1 : 0);
    other.storeId = "another store";
    List<CompletableFuture<LockHandle>> claims = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      claims.add(scene.client.lock("any" + i).acquireAsync(WAIT));
      scene.pass(STEP);
    }
    assertThat(other.streams).as("connections, since some locks prefer it").isNotEmpty();
    assertThat(other.streams).allMatch(stream -> stream.unseen() == 0);
    assertThat(other.streams).allMatch(stream -> stream.saidGoodbye);
    while (known.stream().unseen() > 0) {
      Operation next = known.stream().next();
      known.stream().grant(next, Scene.TTL, known.stream().mark());
    }
    assertThat(claims).allMatch(claim -> claim.isDone() && claim.join().isHeld());
    scene.pass(Duration.ofSeconds(2));
    assertThat(other.streams).as("tries to connect").hasSizeLessThan(5);
  }

  private FakeReplica connectedFirst() {
    return scene.replicas.stream()
        .filter(each -> !each.streams.isEmpty())
        .findFirst()
        .orElseThrow();
  }

  private void passWhileOneLives(FakeReplica well) {
    scene.pass(STEP);
    well.streams.stream().filter(stream -> !stream.isOver).forEach(FakeStream::signOfLife);
  }
}
