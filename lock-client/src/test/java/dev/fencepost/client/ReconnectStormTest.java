package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.internal.lock.ClientSetup;
import dev.fencepost.client.internal.lock.FencepostClientImpl;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.transport.ReplicaAddress;
import dev.fencepost.client.internal.transport.ServerTarget;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Operation.OperationCase;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many clients lose their only server at the same moment, each with a lock and a waiting claim. */
class ReconnectStormTest {
  private static final int CLIENTS = 200;
  private static final Duration TTL = Duration.ofSeconds(30);
  private static final Duration WAIT = Duration.ofMinutes(5);
  private static final Duration STEP = Duration.ofMillis(20);
  private static final int STEPS_PER_SECOND = 50;
  private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final ManualTime time = new ManualTime();
  private final List<FakeReplica> replicas = new ArrayList<>();
  private final List<FencepostClient> clients = new ArrayList<>();
  private final List<LockHandle> held = new ArrayList<>();
  private final List<CompletableFuture<LockHandle>> waiting = new ArrayList<>();
  private final List<Long> connects = new ArrayList<>();
  private FakeReplica replica;
  private int steps;

  @BeforeEach
  void start() {
    replica = new FakeReplica(1, "0000000000000000", replicas);
    replicas.add(replica);
    for (int i = 0; i < CLIENTS; i++) {
      FencepostClient client = client(i);
      clients.add(client);
      CompletableFuture<LockHandle> claim = client.lock("held-" + i).acquireAsync(WAIT);
      pass(1);
      held.add(claim.join());
      waiting.add(client.lock("busy").acquireAsync(WAIT));
    }
  }

  @AfterEach
  void stop() {
    replica.close();
    time.close();
  }

  @Test
  void outageOfSeconds_isFollowedBySpreadConnections_andRenewalsBeforeClaims() {
    pass(4 * STEPS_PER_SECOND);
    replica.stop();
    pass(8 * STEPS_PER_SECOND);
    assertThat(most(connects)).as("tries in 100 ms").isLessThan(CLIENTS);
    List<Long> late = connects.stream().filter(at -> at > time.nanos() - seconds(4)).toList();
    assertThat(late).as("they go on trying").hasSizeGreaterThan(CLIENTS);
    assertThat(most(late)).as("tries in 100 ms, later").isLessThan(CLIENTS / 7);

    replica.streams.clear();
    connects.clear();
    replica.start();
    pass(5 * STEPS_PER_SECOND);
    assertThat(replica.streams).as("new streams").hasSize(CLIENTS);
    assertThat(most(connects)).as("connections in 100 ms").isLessThan(CLIENTS / 7);
    for (FakeStream stream : replica.streams) {
      assertThat(operations(stream))
          .startsWith(OperationCase.RENEW)
          .contains(OperationCase.ACQUIRE);
    }
    pass(35 * STEPS_PER_SECOND);
    assertThat(held).allMatch(LockHandle::isHeld);
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
  }

  /** Returns the largest number within the same tenth of a second. */
  private static long most(List<Long> moments) {
    Map<Long, Long> counts =
        moments.stream()
            .collect(Collectors.groupingBy(at -> at / WINDOW_NANOS, Collectors.counting()));
    return counts.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  private static List<OperationCase> operations(FakeStream stream) {
    return stream.messages.stream()
        .flatMap(message -> message.getOperationsList().stream())
        .map(Operation::getOperationCase)
        .toList();
  }

  private static long seconds(int seconds) {
    return TimeUnit.SECONDS.toNanos(seconds);
  }

  /** Lets time pass while the server does its work: it refuses a lock only if it is busy. */
  private void pass(int count) {
    for (int i = 0; i < count; i++) {
      time.pass(STEP);
      steps++;
      List.copyOf(replica.streams).stream().filter(each -> !each.isOver).forEach(this::answer);
    }
  }

  private void answer(FakeStream stream) {
    while (stream.newOperations() > 0) {
      Operation next = stream.next();
      switch (next.getOperationCase()) {
        case RENEW -> stream.renew(next, TTL, stream.mark());
        case ACQUIRE -> {
          if (!next.getAcquire().getName().equals("busy")) {
            stream.grant(next, TTL, stream.mark());
          }
        }
        case RELEASE -> stream.release(next);
        case OPERATION_NOT_SET -> throw new AssertionError("the stream answers it");
      }
    }
    if (steps % STEPS_PER_SECOND == 0) {
      stream.sendHeartbeat();
    }
  }

  private FencepostClient client(int number) {
    return FencepostClientImpl.start(
        new ClientSetup(
            new ServerTarget(List.of(replica.address), false),
            Hello.newBuilder().setClient("test").setOwner("owner").build(),
            Optional.of(TTL),
            TimeUnit.SECONDS.toNanos(10),
            new CallbackExecutor(Runnable::run),
            ClientMetrics.NONE,
            time,
            time,
            Runnable::run,
            new Random(number),
            this::connect));
  }

  private ManagedChannel connect(ReplicaAddress address) {
    connects.add(time.nanos());
    assertThat(address).isEqualTo(replica.address);
    return replica.connect();
  }
}
