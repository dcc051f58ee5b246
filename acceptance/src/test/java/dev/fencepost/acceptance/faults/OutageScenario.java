package dev.fencepost.acceptance.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.RenewingHolder;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.acceptance.support.ReplicaSet;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.HistoryChecker;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * 50 that hold a lock each, and ten lines of five that wait, through two replicas of one store that
 * goes away for a while.
 *
 * <p>The 50 renew; half of them have leases that outlast the outage. So have the holders of the
 * first lines; those of the last lines do not. Of the five in each line three wait for longer than
 * the outage, and two so briefly that it outlasts them. In the first lines one waits so long that
 * the store is back before its wait ends, but the lock is not free.
 */
final class OutageScenario implements AutoCloseable {

  private static final int HOLDERS = 50;
  private static final int LINES = 10;
  private static final int LINES_HELD_THROUGHOUT = 2;
  private static final int LINES_HELD_LONG = 7;
  private static final Duration LONG_LEASE = Duration.ofMinutes(1);
  private static final Duration SHORT_LEASE = Duration.ofSeconds(5);
  private static final Duration LONG_WAIT = Duration.ofMinutes(2);
  private static final Duration WAIT_BEYOND_THE_OUTAGE = Duration.ofSeconds(35);
  private static final Duration BRIEF_WAIT = Duration.ofSeconds(10);
  private static final Duration RENEW_EVERY = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int LEAST_PROOFS = 200;

  private final List<ReplicaServer> servers;
  private final CallRecorder recorder = CallRecorder.inMemory();
  private final ReplicaSet replicas;
  private final ScheduledExecutorService timers = Executors.newScheduledThreadPool(1);
  private final List<RenewingHolder> longHolders = new ArrayList<>();
  private final List<RenewingHolder> shortHolders = new ArrayList<>();
  private final List<RenewingHolder> lineHolders = new ArrayList<>();
  private final List<CompletableFuture<AcquireResponse>> patient = new ArrayList<>();
  private final List<CompletableFuture<AcquireResponse>> beyond = new ArrayList<>();
  private final List<CompletableFuture<AcquireResponse>> brief = new ArrayList<>();

  OutageScenario(List<ReplicaServer> servers) {
    this.servers = servers;
    this.replicas = new ReplicaSet(servers, recorder);
  }

  /** Everybody takes or waits. */
  void begin() {
    for (int i = 0; i < HOLDERS; i++) {
      boolean isLong = i % 2 == 0;
      (isLong ? longHolders : shortHolders).add(hold("own-" + i, isLong));
    }
    for (int i = 0; i < LINES; i++) {
      lineHolders.add(hold(line(i), i < LINES_HELD_LONG));
    }
    for (int i = 0; i < LINES; i++) {
      patient.add(queue(0, i, LONG_WAIT));
      patient.add(queue(1, i, LONG_WAIT));
      if (i < LINES_HELD_THROUGHOUT) {
        beyond.add(queue(1, i, WAIT_BEYOND_THE_OUTAGE));
      } else {
        patient.add(queue(1, i, LONG_WAIT));
      }
    }
    for (int i = 0; i < LINES; i++) {
      brief.add(queue(0, i, BRIEF_WAIT));
      brief.add(queue(1, i, BRIEF_WAIT));
    }
    await().atMost(PATIENCE).until(() -> waiting(0) + waiting(1) == 5 * LINES);
    assertThat(brief)
        .as("the outage begins before they are answered")
        .noneMatch(each -> each.isDone());
  }

  /** The servers see that the store is gone, say so, and live. */
  void awaitNoticed() {
    for (int i = 0; i < servers.size(); i++) {
      ReplicaServer server = servers.get(i);
      RecordedClient caller = replicas.caller(i);
      await().atMost(PATIENCE).until(() -> server.status("/readyz") == 503);
      await().atMost(PATIENCE).until(() -> caller.health() == ServingStatus.NOT_SERVING);
      assertThat(server.status("/livez")).isEqualTo(200);
    }
  }

  /** Those whose wait ends now learn that nobody knows. */
  void awaitBriefWaitsUnavailable() {
    await().atMost(PATIENCE).until(() -> brief.stream().allMatch(CompletableFuture::isDone));
    assertThat(brief)
        .allSatisfy(
            each ->
                assertThat(each)
                    .isCompletedExceptionally()
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .satisfies(
                        failure -> {
                          Status status = ReplicaSet.status(failure).getStatus();
                          assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                          assertThat(status.getDescription()).startsWith("STORE_");
                        }));
    assertThat(patient).as("who waits longer waits on").noneMatch(CompletableFuture::isDone);
    assertThat(beyond).noneMatch(CompletableFuture::isDone);
    servers.forEach(server -> assertThat(server.status("/livez")).isEqualTo(200));
  }

  /** The store is back: nobody has to help the servers. */
  void awaitRecovered() {
    long backNanos = System.nanoTime();
    for (int i = 0; i < servers.size(); i++) {
      RecordedClient caller = replicas.caller(i);
      await().atMost(PATIENCE).until(() -> caller.health() == ServingStatus.SERVING);
      assertThat(servers.get(i).status("/readyz")).isEqualTo(200);
    }
    await()
        .atMost(PATIENCE)
        .until(() -> longHolders.stream().allMatch(each -> each.wasRenewedAfter(backNanos)));
    await()
        .atMost(PATIENCE)
        .until(() -> shortHolders.stream().allMatch(each -> each.loss().isPresent()));
    assertThat(longHolders).allMatch(each -> each.loss().isEmpty());
    assertThat(shortHolders)
        .as("nobody else wanted these")
        .allMatch(each -> each.loss().get() == LossReason.LOSS_REASON_EXPIRED);
  }

  /** All who still wait are served, each by an ordinary answer. */
  void awaitServed() {
    lineHolders.subList(LINES_HELD_THROUGHOUT, LINES_HELD_LONG).forEach(RenewingHolder::release);
    await().atMost(PATIENCE).until(() -> beyond.stream().allMatch(CompletableFuture::isDone));
    assertThat(beyond)
        .as("the store is back, so the end of a wait is an ordinary answer")
        .allMatch(
            each ->
                each.join().getNotGranted().getReason()
                    == NotGrantedReason.NOT_GRANTED_REASON_TIMED_OUT);
    lineHolders.subList(0, LINES_HELD_THROUGHOUT).forEach(RenewingHolder::release);
    await().atMost(PATIENCE).until(() -> patient.stream().allMatch(CompletableFuture::isDone));
    assertThat(patient).allMatch(each -> each.join().hasGranted());
    longHolders.forEach(RenewingHolder::release);
    assertThat(longHolders).allMatch(each -> each.loss().isEmpty());
  }

  /** Nobody was granted what another held. */
  void judge() {
    HistoryChecker.check(recorder.history(), LEAST_PROOFS).assertSound();
  }

  @Override
  public void close() {
    timers.shutdownNow();
    replicas.close();
  }

  private RenewingHolder hold(String lock, boolean isLong) {
    ClaimAttempt claim = ClaimAttempt.on(lock, isLong ? LONG_LEASE : SHORT_LEASE);
    return RenewingHolder.of(replicas, claim, timers, RENEW_EVERY);
  }

  /** Waits in a line; whoever is granted gives the lock back at once. */
  private CompletableFuture<AcquireResponse> queue(int replica, int line, Duration wait) {
    RecordedClient caller = replicas.caller(replica);
    ClaimAttempt claim = ClaimAttempt.on(line(line), SHORT_LEASE);
    return caller
        .acquire(claim, wait)
        .whenComplete(
            (answer, failure) -> {
              if (failure == null && answer.hasGranted()) {
                var unused = caller.release(claim, answer.getGranted().getFencingToken());
              }
            });
  }

  private int waiting(int replica) {
    int all = 0;
    for (int i = 0; i < LINES; i++) {
      all += replicas.caller(replica).look(line(i)).getWaiterCount();
    }
    return all;
  }

  private static String line(int number) {
    return "line-" + number;
  }
}
