package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.internal.transport.SessionStream;
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
class SessionStreamTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final ClientFixture fixture = new ClientFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void helloGoesFirstAndAlone() {
    SessionRequest first = fixture.stream().messages.get(0);
    assertThat(first.getHello().getOwner()).isEqualTo("owner");
    assertThat(first.getOperationsCount()).isZero();
    assertThat(first.getMark()).isZero();
  }

  @Test
  void operationsWaitForTheWelcome() {
    FakeReplica replica = fixture.replicas.get(0);
    replica.isMute = true;
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));

    CompletableFuture<LockHandle> one = fixture.client.lock("one").acquireAsync(LONG);
    CompletableFuture<LockHandle> two = fixture.client.lock("two").acquireAsync(LONG);
    assertThat(replica.stream().messages).hasSize(1);

    replica.stream().welcome();
    assertThat(replica.stream().messages).hasSize(2);
    assertThat(replica.stream().messages.get(1).getOperationsCount()).isEqualTo(2);
    assertThat(one).isNotDone();
    assertThat(two).isNotDone();
  }

  @Test
  void serverThatDoesNotWelcome_isLeft() {
    FakeReplica replica = fixture.replicas.get(0);
    replica.isMute = true;
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));
    int before = replica.streams.size();

    fixture.pass(Duration.ofNanos(SessionStream.GREETING_NANOS).plusSeconds(4));
    assertThat(replica.streams).hasSizeGreaterThan(before);
  }

  @Test
  void marksRise_andComeOftenWhileAClaimWaits() {
    CompletableFuture<LockHandle> waiting = fixture.client.lock("a").acquireAsync(LONG);
    int before = fixture.stream().messages.size();
    fixture.passAlive(Duration.ofSeconds(10));

    List<SessionRequest> marks =
        fixture.stream().messages.subList(before, fixture.stream().messages.size());
    assertThat(marks.size()).isBetween(10, 12);
    assertThat(fixture.stream().messages.stream().skip(1).map(SessionRequest::getMark))
        .isSorted()
        .doesNotHaveDuplicates()
        .doesNotContain(0L);
    assertThat(waiting).isNotDone();
  }

  @Test
  void shortLease_sendsMoreMarks() {
    CompletableFuture<LockHandle> waiting =
        fixture.client.lock("a").withTtl(Duration.ofSeconds(2)).acquireAsync(LONG);
    int before = fixture.stream().messages.size();
    fixture.passAlive(Duration.ofSeconds(2));
    assertThat(fixture.stream().messages.size() - before).isBetween(9, 11);
    assertThat(waiting).isNotDone();
  }

  @Test
  void idleClient_givesSignsOfLife() {
    int before = fixture.stream().messages.size();
    fixture.passAlive(Duration.ofSeconds(20));
    assertThat(fixture.stream().messages.size() - before).isBetween(4, 8);
    assertThat(fixture.replicas.get(0).streams).hasSize(1);
  }

  @Test
  void silentServer_isAskedWhenAHeartbeatIsMissing_andLeftWithoutAnAnswer() {
    fixture.replicas.get(0).ignoresProbes = true;
    fixture.pass(FakeReplica.HEARTBEAT.plusSeconds(4));
    assertThat(fixture.replicas.get(0).streams).hasSize(1);
    fixture.pass(Duration.ofSeconds(1));
    assertThat(fixture.replicas.get(0).streams).hasSize(2);
  }

  @Test
  void silentServer_thatAnswersWhenAsked_isKept() {
    fixture.pass(FakeReplica.HEARTBEAT.multipliedBy(10));
    assertThat(fixture.replicas.get(0).streams).hasSize(1);
  }

  @Test
  void clientThatStoodStill_readsBeforeItJudges() {
    fixture.time.standStill(Duration.ofMinutes(1));
    fixture.pass(Duration.ofSeconds(1));
    fixture.stream().sendHeartbeat();
    fixture.pass(Duration.ofSeconds(1));
    assertThat(fixture.replicas.get(0).streams).hasSize(1);
  }

  @Test
  void claimsBeyondTheServersLimit_waitInTheClient() {
    FakeReplica replica = fixture.replicas.get(0);
    replica.maxUnanswered = 8;
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));

    List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiting.add(fixture.client.lock("lock" + i).acquireAsync(LONG));
    }
    assertThat(replica.stream().newOperations()).isEqualTo(7);
    for (int i = 0; i < 20; i++) {
      replica.stream().refuse(replica.stream().next(), NotGrantedReason.NOT_GRANTED_REASON_CLOSED);
    }
    assertThat(waiting).allMatch(CompletableFuture::isCompletedExceptionally);
  }

  @Test
  void messages_holdNoMoreThanTheServerTakes() {
    FakeReplica replica = fixture.replicas.get(0);
    replica.isMute = true;
    replica.maxMessageBytes = 16_384;
    fixture.stream().breakStream();
    fixture.pass(Duration.ofSeconds(1));
    FencepostLock big = fixture.client.lock("big").withMetadata(Map.of("key", "v".repeat(4_000)));
    FencepostLock small = fixture.client.lock("small");
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
