package dev.fencepost.acceptance.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.ClientLoad;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.acceptance.support.ReplicaSet;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.HistoryChecker;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * 20 claims that hold, 20 that wait for the same locks, and clients that take others in turn, all
 * through the first of some replicas, which is killed.
 */
final class CrashScenario implements AutoCloseable {

  private static final int LOCKS = 20;
  private static final int CLIENTS = 8;
  private static final int LOAD_GRANTS = 300;
  private static final Duration LEASE = Duration.ofMinutes(2);
  private static final Duration WAIT = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final CallRecorder recorder = CallRecorder.inMemory();
  private final ReplicaSet replicas;
  private final ReplicaSet forLoad;
  private final Map<ClaimAttempt, Long> held = new LinkedHashMap<>();
  private final Map<ClaimAttempt, CompletableFuture<AcquireResponse>> waiting =
      new LinkedHashMap<>();
  private ClientLoad load;

  CrashScenario(List<ReplicaServer> servers) {
    this.replicas = new ReplicaSet(servers, recorder);
    this.forLoad = new ReplicaSet(servers, recorder);
  }

  /** Everybody takes or waits, and the load runs. */
  void begin() {
    RecordedClient first = replicas.caller(0);
    for (int i = 0; i < LOCKS; i++) {
      ClaimAttempt claim = ClaimAttempt.on("held-" + i, LEASE);
      held.put(claim, first.take(claim));
    }
    for (int i = 0; i < LOCKS; i++) {
      ClaimAttempt claim = ClaimAttempt.on("held-" + i, LEASE);
      waiting.put(claim, first.acquire(claim, WAIT));
    }
    load = ClientLoad.of(forLoad, List.of("busy-0", "busy-1", "busy-2"), CLIENTS);
    await().atMost(PATIENCE).until(() -> load.grants() > LOAD_GRANTS);
    assertThat(waiting.values()).noneMatch(CompletableFuture::isDone);
  }

  /** Those who waited learn that their connection broke. */
  void awaitCutOff() {
    assertThat(waiting.values())
        .allSatisfy(
            each ->
                assertThat(each)
                    .failsWithin(PATIENCE)
                    .withThrowableThat()
                    .satisfies(
                        failure ->
                            assertThat(ReplicaSet.status(failure).getStatus().getCode())
                                .isEqualTo(Status.Code.UNAVAILABLE)));
  }

  /** Through one replica: what was held is held, and who waited waits again and is served. */
  void goOn(int replica) throws Exception {
    goOnOnce(replica);
    RecordedClient caller = replicas.caller(replica);
    waiting.replaceAll((claim, failed) -> caller.acquire(claim, WAIT));
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                held.keySet().stream().allMatch(c -> caller.look(c.lock()).getWaiterCount() == 1));
    List<ClaimAttempt> holders = new ArrayList<>(held.keySet());
    Map<String, Long> formerTokens = new LinkedHashMap<>();
    for (ClaimAttempt claim : holders) {
      long token = held.remove(claim);
      formerTokens.put(claim.lock(), token);
      caller.release(claim, token).join();
    }
    waiting.forEach(
        (claim, again) -> {
          assertThat(again).succeedsWithin(PATIENCE);
          Grant grant = again.join().getGranted();
          assertThat(grant.getFencingToken()).isGreaterThan(formerTokens.get(claim.lock()));
          held.put(claim, grant.getFencingToken());
        });
    int before = load.grants();
    await().atMost(PATIENCE).until(() -> load.grants() > before + LOAD_GRANTS);
    load.finish();
  }

  /** Through one replica: the same claims hold the same locks by the same tokens. */
  void goOnOnce(int replica) {
    RecordedClient caller = replicas.caller(replica);
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> caller.look("anything").getName().equals("anything"));
    held.forEach(
        (claim, token) -> {
          Grant again = caller.acquire(claim, Duration.ZERO).join().getGranted();
          assertThat(again.getFencingToken()).as(claim.lock()).isEqualTo(token);
          assertThat(again.getAlreadyHeld()).isTrue();
          Grant renewed = caller.renew(claim, token).join().getRenewed();
          assertThat(renewed.getFencingToken()).isEqualTo(token);
          AcquireResponse other =
              caller.acquire(ClaimAttempt.on(claim.lock(), LEASE), Duration.ZERO).join();
          assertThat(other.hasGranted()).isFalse();
        });
  }

  /** Nobody was granted what another held, and all that failed was for want of a server. */
  void judge() {
    HistoryChecker.check(recorder.history(), 2 * LOAD_GRANTS).assertSound();
    assertThat(forLoad.failures())
        .as("the load was hit by the crash")
        .isNotEmpty()
        .allMatch(each -> each.getStatus().getCode() == Status.Code.UNAVAILABLE);
  }

  @Override
  public void close() {
    if (load != null) {
      load.close();
    }
    forLoad.close();
    replicas.close();
  }
}
