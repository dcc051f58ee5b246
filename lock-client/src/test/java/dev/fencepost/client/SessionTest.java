package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.SessionRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The protocol of one stream. */
class SessionTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final Scene scene = new Scene();

  @AfterEach
  void close() {
    scene.close();
  }

  @Test
  void helloGoesFirstAndAlone() {
    SessionRequest first = scene.stream().messages.get(0);
    assertThat(first.getHello().getOwner()).isEqualTo("owner");
    assertThat(first.getOperationsCount()).isZero();
    assertThat(first.getMark()).isZero();
  }

  @Test
  void operationsWaitForTheWelcome() {
    FakeReplica replica = scene.replicas.get(0);
    replica.isMute = true;
    scene.stream().breakOff();
    scene.pass(Duration.ofSeconds(1));

    CompletableFuture<LockHandle> one = scene.client.lock("one").acquireAsync(LONG);
    CompletableFuture<LockHandle> two = scene.client.lock("two").acquireAsync(LONG);
    assertThat(replica.stream().messages).hasSize(1);

    replica.stream().welcome();
    assertThat(replica.stream().messages).hasSize(2);
    assertThat(replica.stream().messages.get(1).getOperationsCount()).isEqualTo(2);
    assertThat(one).isNotDone();
    assertThat(two).isNotDone();
  }

  @Test
  void serverThatDoesNotWelcome_isLeft() {
    FakeReplica replica = scene.replicas.get(0);
    replica.isMute = true;
    scene.stream().breakOff();
    scene.pass(Duration.ofSeconds(1));
    int before = replica.streams.size();

    scene.pass(Duration.ofNanos(Session.GREETING_NANOS).plusSeconds(4));
    assertThat(replica.streams).hasSizeGreaterThan(before);
  }

  @Test
  void marksRise_andComeOftenWhileAClaimWaits() {
    CompletableFuture<LockHandle> waiting = scene.client.lock("a").acquireAsync(LONG);
    int before = scene.stream().messages.size();
    scene.passAlive(Duration.ofSeconds(10));

    List<SessionRequest> marks =
        scene.stream().messages.subList(before, scene.stream().messages.size());
    assertThat(marks.size()).isBetween(10, 12);
    assertThat(scene.stream().messages.stream().skip(1).map(SessionRequest::getMark))
        .isSorted()
        .doesNotHaveDuplicates()
        .doesNotContain(0L);
    assertThat(waiting).isNotDone();
  }

  @Test
  void shortLease_bringsMoreMarks() {
    CompletableFuture<LockHandle> waiting =
        scene.client.lock("a").withTtl(Duration.ofSeconds(2)).acquireAsync(LONG);
    int before = scene.stream().messages.size();
    scene.passAlive(Duration.ofSeconds(2));
    assertThat(scene.stream().messages.size() - before).isBetween(9, 11);
    assertThat(waiting).isNotDone();
  }

  @Test
  void idleClient_givesSignsOfLife() {
    int before = scene.stream().messages.size();
    scene.passAlive(Duration.ofSeconds(20));
    assertThat(scene.stream().messages.size() - before).isBetween(4, 8);
    assertThat(scene.replicas.get(0).streams).hasSize(1);
  }

  @Test
  void silentServer_isAskedWhenAHeartbeatIsMissing_andLeftWithoutAnAnswer() {
    scene.replicas.get(0).isDeaf = true;
    scene.pass(FakeReplica.HEARTBEAT.plusSeconds(4));
    assertThat(scene.replicas.get(0).streams).hasSize(1);
    scene.pass(Duration.ofSeconds(1));
    assertThat(scene.replicas.get(0).streams).hasSize(2);
  }

  @Test
  void silentServer_thatAnswersWhenAsked_isKept() {
    scene.pass(FakeReplica.HEARTBEAT.multipliedBy(10));
    assertThat(scene.replicas.get(0).streams).hasSize(1);
  }

  @Test
  void clientThatStoodStill_readsBeforeItJudges() {
    scene.time.standStill(Duration.ofMinutes(1));
    scene.pass(Duration.ofSeconds(1));
    scene.stream().signOfLife();
    scene.pass(Duration.ofSeconds(1));
    assertThat(scene.replicas.get(0).streams).hasSize(1);
  }

  @Test
  void claimsBeyondTheServersLimit_waitHere() {
    FakeReplica replica = scene.replicas.get(0);
    replica.maxUnanswered = 8;
    scene.stream().breakOff();
    scene.pass(Duration.ofSeconds(1));

    List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiting.add(scene.client.lock("lock" + i).acquireAsync(LONG));
    }
    assertThat(replica.stream().unseen()).isEqualTo(7);
    for (int i = 0; i < 20; i++) {
      replica.stream().refuse(replica.stream().next(), NotGrantedReason.NOT_GRANTED_REASON_CLOSED);
    }
    assertThat(waiting).allMatch(CompletableFuture::isCompletedExceptionally);
  }

  @Test
  void messages_holdNoMoreThanTheServerTakes() {
    FakeReplica replica = scene.replicas.get(0);
    replica.isMute = true;
    replica.maxMessageBytes = 16_384;
    scene.stream().breakOff();
    scene.pass(Duration.ofSeconds(1));
    FencepostLock big = scene.client.lock("big").withMetadata(Map.of("key", "v".repeat(4_000)));
    FencepostLock small = scene.client.lock("small");
    List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiting.add(big.acquireAsync(LONG));
    }
    for (int i = 0; i < 300; i++) {
      waiting.add(small.acquireAsync(LONG));
    }
    replica.stream().welcome();

    List<SessionRequest> sent = replica.stream().messages;
    assertThat(sent).allMatch(message -> message.getSerializedSize() <= replica.maxMessageBytes);
    assertThat(sent).allMatch(message -> message.getOperationsCount() <= 256);
    assertThat(sent.stream().mapToInt(SessionRequest::getOperationsCount).sum()).isEqualTo(320);
    assertThat(
            sent.stream().flatMap(each -> each.getOperationsList().stream()).map(Operation::getId))
        .isSorted()
        .doesNotHaveDuplicates();
    assertThat(waiting).hasSize(320);
  }
}
