package dev.fencepost.acceptance.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.fencepost.acceptance.support.ClaimAttempt;
import dev.fencepost.acceptance.support.ClientLoad;
import dev.fencepost.acceptance.support.RecordedClient;
import dev.fencepost.acceptance.support.RenewingHolder;
import dev.fencepost.acceptance.support.ReplicaServer;
import dev.fencepost.acceptance.support.ReplicaSet;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.testkit.history.CallRecorder;
import dev.fencepost.testkit.history.HistoryChecker;
import dev.fencepost.testkit.process.PostgresDatabase;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Servers are asked to go. */
class DrainTest {

  private static final int LOCKS = 20;
  private static final int CLIENTS = 8;
  private static final int LOAD_GRANTS = 200;
  private static final Duration LEASE = Duration.ofMinutes(1);
  private static final Duration WAIT = Duration.ofMinutes(5);
  private static final Duration RENEW_EVERY = Duration.ofMillis(250);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** The setting's default. */
  private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(20);

  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @TempDir Path folder;

  private final CallRecorder recorder = CallRecorder.inMemory();

  @Test
  void sigterm_sendsWaitersAwayAndKeepsGrants() {
    try (ReplicaServer server = ReplicaServer.on("h2:" + folder.resolve("store"));
        RecordedClient caller = new RecordedClient(server.port(), recorder)) {
      Map<ClaimAttempt, Long> held = new LinkedHashMap<>();
      List<CompletableFuture<AcquireResponse>> waiting = new ArrayList<>();
      for (int i = 0; i < LOCKS; i++) {
        ClaimAttempt claim = ClaimAttempt.on("held-" + i, LEASE);
        held.put(claim, caller.take(claim));
        waiting.add(caller.acquire(ClaimAttempt.on("held-" + i, LEASE), WAIT));
      }
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  held.keySet().stream()
                      .allMatch(c -> caller.look(c.lock()).getWaiterCount() == 1));

      long askedNanos = System.nanoTime();
      assertThat(server.terminate()).as("exit code").isZero();

      assertThat(Duration.ofNanos(System.nanoTime() - askedNanos)).isLessThan(DRAIN_TIMEOUT);
      assertThat(waiting).allSatisfy(each -> assertThat(each).failsWithin(PATIENCE));
      assertThat(waiting)
          .extracting(each -> each.handle((answer, failure) -> ReplicaSet.status(failure)).join())
          .allMatch(DrainTest::isDraining);
      server.startAgain();
      try (RecordedClient afterwards = new RecordedClient(server.port(), recorder)) {
        held.forEach(
            (claim, token) ->
                assertThat(afterwards.renew(claim, token).join().getRenewed().getFencingToken())
                    .isEqualTo(token));
      }
      HistoryChecker.check(recorder.history(), 2 * LOCKS).assertSound();
    }
  }

  @Test
  void rollingRestart_losesNoHeldLockAndFailsNoCallOtherwise() throws Exception {
    ScheduledExecutorService timers = Executors.newScheduledThreadPool(1);
    try (ReplicaServer a = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaServer b = ReplicaServer.on(DATABASE.jdbcUri());
        ReplicaSet viaA = new ReplicaSet(List.of(a, b), recorder);
        ReplicaSet viaB = new ReplicaSet(List.of(b, a), recorder)) {
      List<RenewingHolder> holders = new ArrayList<>();
      for (int i = 0; i < LOCKS; i++) {
        ClaimAttempt claim = ClaimAttempt.on("held-" + i, LEASE);
        holders.add(RenewingHolder.of(i % 2 == 0 ? viaA : viaB, claim, timers, RENEW_EVERY));
      }
      List<String> locks = List.of("busy-0", "busy-1", "busy-2");
      try (ClientLoad loadA = ClientLoad.of(viaA, locks, CLIENTS);
          ClientLoad loadB = ClientLoad.of(viaB, locks, CLIENTS)) {
        for (ReplicaServer each : List.of(a, b)) {
          awaitMore(loadA, loadB, holders);
          assertThat(each.terminate()).as("exit code").isZero();
          awaitMore(loadA, loadB, holders);
          each.startAgain();
        }
        awaitMore(loadA, loadB, holders);
        loadA.finish();
        loadB.finish();
      }
      holders.forEach(RenewingHolder::release);
      assertThat(holders).as("no held lock was lost").allMatch(each -> each.loss().isEmpty());

      List<StatusRuntimeException> failures = new ArrayList<>(viaA.failures());
      failures.addAll(viaB.failures());
      assertThat(failures)
          .as("calls were sent away, and none failed in another way")
          .anyMatch(DrainTest::isDraining)
          .allMatch(each -> each.getStatus().getCode() == Status.Code.UNAVAILABLE);
      HistoryChecker.check(recorder.history(), LOAD_GRANTS).assertSound();
    } finally {
      timers.shutdownNow();
    }
  }

  private static void awaitMore(ClientLoad a, ClientLoad b, List<RenewingHolder> holders) {
    int beforeA = a.grants();
    int beforeB = b.grants();
    long now = System.nanoTime();
    await()
        .atMost(PATIENCE)
        .until(() -> a.grants() > beforeA + LOAD_GRANTS && b.grants() > beforeB + LOAD_GRANTS);
    await()
        .atMost(PATIENCE)
        .until(() -> holders.stream().allMatch(each -> each.wasRenewedAfter(now)));
  }

  /** Whether the status says so in its message and in its details. */
  private static boolean isDraining(StatusRuntimeException failure) {
    String description = failure.getStatus().getDescription();
    return failure.getStatus().getCode() == Status.Code.UNAVAILABLE
        && description != null
        && description.startsWith("DRAINING: ")
        && info(failure).filter(info -> info.getReason().equals("DRAINING")).isPresent();
  }

  private static Optional<ErrorInfo> info(StatusRuntimeException failure) {
    for (Any detail : StatusProto.fromThrowable(failure).getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        try {
          return Optional.of(detail.unpack(ErrorInfo.class));
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    return Optional.empty();
  }
}
