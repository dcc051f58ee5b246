package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.client.internal.lock.ClientSetup;
import dev.fencepost.client.internal.lock.FencepostClientImpl;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.transport.RendezvousHash;
import dev.fencepost.client.internal.transport.ReplicaAddress;
import dev.fencepost.client.internal.transport.ServerTarget;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Hello;
import dev.fencepost.proto.v1.LossReason;
import dev.fencepost.proto.v1.NotGrantedReason;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.ReleaseOutcome;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A client and scripted servers on manual time. Everything happens on the test's thread. */
final class ClientFixture implements AutoCloseable {
  static final Duration TTL = Duration.ofSeconds(10);
  private static final Duration WAIT = Duration.ofMinutes(1);

  final ManualTime time = new ManualTime();
  final List<FakeReplica> replicas = new ArrayList<>();
  final FencepostClient client;
  private final List<Runnable> offload = new ArrayList<>();
  private boolean isOffloadPaused;
  private Optional<Runnable> duringConnect = Optional.empty();

  ClientFixture() {
    this(1);
  }

  ClientFixture(int count) {
    for (int i = 0; i < count; i++) {
      replicas.add(new FakeReplica(i + 1, "000000000000000" + i, replicas));
    }
    client =
        FencepostClientImpl.start(
            new ClientSetup(
                new ServerTarget(replicas.stream().map(each -> each.address).toList(), false),
                Hello.newBuilder().setClient("test").setOwner("owner").build(),
                Optional.of(TTL),
                TimeUnit.SECONDS.toNanos(10),
                new CallbackExecutor(Runnable::run),
                ClientMetrics.NONE,
                time,
                time,
                this::offload,
                new Random(7),
                this::connect));
  }

  /** Takes a lock through a stream that has no other new operation. */
  LockHandle take(FencepostLock lock, FakeStream stream) {
    CompletableFuture<LockHandle> claim = lock.acquireAsync(WAIT);
    Grant grant = stream.grant(stream.next(), TTL, stream.mark());
    assertThat(claim).isCompleted();
    LockHandle handle = claim.join();
    assertThat(handle.token().value()).isEqualTo(grant.getFencingToken());
    return handle;
  }

  /** Makes the client connect to all replicas. */
  void connectAll() {
    for (int i = 0; i < 20; i++) {
      client.lock("any" + i).acquireAsync(WAIT).cancel(false);
    }
    for (FakeReplica replica : replicas) {
      assertThat(replica.streams).hasSize(1);
      while (replica.stream().newOperations() > 0) {
        Operation next = replica.stream().next();
        if (next.hasRelease()) {
          replica.stream()
              .release(
                  next,
                  ReleaseOutcome.RELEASE_OUTCOME_WITHDRAWN,
                  LossReason.LOSS_REASON_UNSPECIFIED);
        } else {
          replica.stream().refuse(next, NotGrantedReason.NOT_GRANTED_REASON_WITHDRAWN);
        }
      }
    }
  }

  /** Runs the action during the next connect. */
  void duringNextConnect(Runnable action) {
    duringConnect = Optional.of(action);
  }

  private ManagedChannel connect(ReplicaAddress address) {
    Optional<Runnable> action = duringConnect;
    duringConnect = Optional.empty();
    action.ifPresent(Runnable::run);
    return at(address).connect();
  }

  FakeReplica at(ReplicaAddress address) {
    return replicas.stream().filter(each -> each.address.equals(address)).findFirst().orElseThrow();
  }

  /** Returns the replicas in the order in which the lock prefers them. */
  List<FakeReplica> preferredBy(String lock) {
    return replicas.stream()
        .sorted(
            Comparator.comparingLong(
                    (FakeReplica each) ->
                        RendezvousHash.weight(
                            RendezvousHash.hash(lock), RendezvousHash.hash(each.id)))
                .reversed())
        .toList();
  }

  /** The stream of the only replica. */
  FakeStream stream() {
    return replicas.get(0).stream();
  }

  void pass(Duration span) {
    time.pass(span);
  }

  /** Moves time forward while the servers send heartbeats. */
  void passAlive(Duration span) {
    Duration step = Duration.ofMillis(500);
    for (Duration left = span; left.compareTo(Duration.ZERO) > 0; left = left.minus(step)) {
      time.pass(left.compareTo(step) < 0 ? left : step);
      replicas.forEach(
          replica ->
              replica.streams.stream()
                  .filter(stream -> !stream.isOver)
                  .forEach(FakeStream::sendHeartbeat));
    }
  }

  /** Holds back offloaded work from now on. */
  void pauseOffload() {
    isOffloadPaused = true;
  }

  /** Runs the held-back work. */
  void resumeOffload() {
    isOffloadPaused = false;
    List<Runnable> work = List.copyOf(offload);
    offload.clear();
    work.forEach(Runnable::run);
  }

  private void offload(Runnable work) {
    if (isOffloadPaused) {
      offload.add(work);
    } else {
      work.run();
    }
  }

  @Override
  public void close() {
    replicas.forEach(FakeReplica::close);
    time.close();
  }
}
